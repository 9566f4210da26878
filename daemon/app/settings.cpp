#include "daemon/app/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/config/changes.hpp"
#include "daemon/config/show.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::app {
namespace {

using obs::Level;

// The host name as a node name: only what the ring's names may hold.
std::string host_name() {
  char buffer[256] = {};
  if (::gethostname(buffer, sizeof buffer - 1) != 0 || buffer[0] == 0) return "node";
  std::string name(buffer);
  name.resize(std::min<std::size_t>(name.size(), 63));
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_' && c != '-') c = '-';
  return name;
}

// Told while the more talkative of the two levels is in force: who makes the log quieter sees that too.
template <class Tell>
void change_level(Level level, Tell&& tell) {
  obs::set_log_level(std::min(level, obs::log_level()));
  tell();
  obs::set_log_level(level);
}

std::vector<std::string> lines(std::span<const config::Problem> problems) {
  std::vector<std::string> all;
  for (const auto& problem : problems) all.push_back(config::render_problem(problem));
  return all;
}

}  // namespace

obs::Level log_level(config::LogLevel level) noexcept {
  switch (level) {
    case config::LogLevel::trace: return obs::Level::trace;
    case config::LogLevel::debug: return obs::Level::debug;
    case config::LogLevel::info: return obs::Level::info;
    case config::LogLevel::warn: return obs::Level::warn;
    case config::LogLevel::error: return obs::Level::error;
  }
  return obs::Level::info;
}

void name_node(config::Config& config) {
  if (config.node.name.empty()) config.node.name = host_name();
}

Settings::Settings(Sources sources, config::Loaded in_force)
    : sources_(std::move(sources)), in_force_(std::move(in_force)) {
  name_node(in_force_.config);
}

void Settings::serve(Host host) {
  host_ = std::move(host);
  host_.show(in_force_.config);
}

// Connections that are open stay; new ones are made with what the files of secrets hold now.
api::Response Settings::reload(std::string_view by) {
  auto wanted = config::load(sources_.arguments, sources_.environment, sources_.read_file);
  if (!wanted) return refuse(by, lines(wanted.error()));
  name_node(wanted->config);
  if (auto wrong = beside_ringpop(wanted->config); !wrong.empty()) return refuse(by, {std::move(wrong)});
  auto mix = config::with_live(in_force_, *wanted);
  if (!mix) return refuse(by, lines(mix.error()));
  auto secrets = read_secrets(mix->config);
  if (!secrets) {
    obs::log(Level::error, "secrets_not_reloaded",
             {{"by", by}, {"cause", secrets.error()}, {"meaning", "the old ones stay in force"}});
    return refuse(by, {secrets.error()});
  }
  std::vector<api::SettingChange> applied, waiting;
  for (const auto& change : config::changes(in_force_, *wanted))
    (change.option->live ? applied : waiting)
        .push_back({std::string(change.option->path), change.from, change.to, change.origin});
  in_force_ = std::move(*mix);
  host_.use_secrets(std::move(*secrets));
  host_.show(in_force_.config);
  change_level(log_level(in_force_.config.observability.log.level), [&] {
    obs::log(Level::info, "secrets_reloaded", {{"by", by}});
    for (const auto& change : applied)
      obs::log(
          Level::info, "setting_applied",
          {{"option", change.option}, {"from", change.from}, {"to", change.to}, {"origin", change.origin}});
    for (const auto& change : waiting)
      obs::log(Level::warn, "setting_needs_restart",
               {{"option", change.option},
                {"in_force", change.from},
                {"configured", change.to},
                {"origin", change.origin}});
    obs::log(Level::info, "reloaded",
             {{"by", by},
              {"applied", std::uint64_t{applied.size()}},
              {"needs_restart", std::uint64_t{waiting.size()}}});
  });
  return api::reloaded_answer(applied, waiting);
}

// What Ringpop cannot follow is refused before a restart takes it. What is in force already does not stand in
// the way of the rest.
std::string Settings::beside_ringpop(const config::Config& wanted) const {
  const auto& now = in_force_.config;
  const bool points = wanted.ring.points != now.ring.points && wanted.ring.points != limits::ringpop_points;
  const bool weight = wanted.node.weight != now.node.weight && wanted.node.weight != 1;
  if (!points && !weight) return "";
  const std::string peer = host_.ringpop_member();
  if (peer.empty()) return "";
  const std::string what = points ? "ring.points: " + std::to_string(wanted.ring.points)
                                  : "node.weight: " + std::to_string(wanted.node.weight);
  return what + " does not go with the member at " + peer + ", a Ringpop node, which has " +
         (points ? "100 points a member" : "no weights") +
         ": the two would disagree on the owners of keys; leave it at " + (points ? "100" : "1") +
         " as long as Ringpop nodes are members";
}

api::Response Settings::refuse(std::string_view by, std::vector<std::string> errors) {
  for (const std::string& error : errors)
    obs::log(Level::error, "not_reloaded",
             {{"by", by}, {"cause", error}, {"meaning", "the old configuration stays in force"}});
  return api::not_reloaded_answer(std::move(errors));
}

// Until the next reload or restart, which follow the configuration.
api::Response Settings::set_log_level(obs::Level level) {
  const Level before = obs::log_level();
  change_level(level, [&] {
    obs::log(Level::info, "log_level_set", {{"from", obs::to_string(before)}, {"to", obs::to_string(level)}});
  });
  const auto* option = config::find_option("observability.log.level");
  static_cast<void>(config::assign(*option, in_force_.config, std::string(obs::to_string(level))));
  host_.show(in_force_.config);
  return api::log_level_answer(level, before);
}

Result<config::AppSettings, std::vector<std::string>> Settings::read_app(const api::AppEntry& entry) const {
  config::Loaded wanted = in_force_;
  std::vector<std::string> errors;
  for (const auto& [path, text] : entry.settings) {
    const auto* option = config::find_option(path);
    if (auto wrong = config::assign(*option, wanted.config, text)) errors.push_back(path + ": " + *wrong);
    wanted.origins[static_cast<std::size_t>(option - config::options().data())] = {config::Source::flag,
                                                                                   "PUT /v1/app"};
  }
  if (!errors.empty()) return errors;
  if (const auto clashes = config::find_clashes(wanted, {}); !clashes.empty()) return lines(clashes);
  return wanted.config.app;
}

}  // namespace ringside::app
