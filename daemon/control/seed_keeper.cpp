#include "daemon/control/seed_keeper.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {
namespace {

constexpr Duration first_retry = std::chrono::seconds(1);
constexpr std::string_view file_prefix = "file:";

bool is_file(const std::string& seed) {
  return seed.starts_with(file_prefix);
}

std::vector<std::string> seed_files(const std::vector<std::string>& seeds) {
  std::vector<std::string> paths;
  for (const std::string& seed : seeds)
    if (is_file(seed)) paths.push_back(seed.substr(file_prefix.size()));
  return paths;
}

}  // namespace

SeedKeeper::SeedKeeper(boost::asio::io_context& io, std::vector<std::string> seeds,
                       std::vector<std::string> remembered, Rng rng, std::string self, Duration refresh,
                       Found found)
    : io_(io),
      seeds_(std::move(seeds)),
      remembered_(std::move(remembered)),
      rng_(rng),
      self_(std::move(self)),
      refresh_(refresh),
      found_(std::move(found)),
      resolver_(io, limits::seed_look_up_time),
      asked_resolver_(io, limits::seed_look_up_time),
      reload_resolver_(io, limits::seed_look_up_time),
      timer_(io),
      retry_(std::min(first_retry, refresh)) {
  std::erase(remembered_, self_);
  watch();
}

void SeedKeeper::watch() {
  watch_.emplace(io_, seed_files(seeds_), [this] {
    if (looked_up_) look_up();
  });
}

void SeedKeeper::start() {
  std::vector<std::string> known;
  add_remembered(known);
  if (!known.empty()) found_(known);
  if (!seeds_.empty() || !known.empty()) return look_up();
  looked_up_ = true;
  found_({});
}

// A few at a time: after an outage of all they are as good as any, and one whose peers are long gone must not
// spend its start on asking thousands.
void SeedKeeper::add_remembered(std::vector<std::string>& addresses) {
  rng_.shuffle(std::span(remembered_));
  std::vector<std::string> some(
      remembered_.begin(), remembered_.begin() + static_cast<std::ptrdiff_t>(
                                                     std::min(remembered_.size(), limits::remembered_seeds)));
  std::ranges::sort(some);  // where all are taken, it is the same list as before
  addresses.insert(addresses.end(), some.begin(), some.end());
}

void SeedKeeper::look_up() {
  resolver_.resolve(seeds_, [this](const net::Resolved& resolved) { on_resolved(resolved); });
}

void SeedKeeper::on_resolved(const net::Resolved& resolved) {
  complain(resolved);
  names_somebody_ = names_somebody_ || !resolved.addresses.empty();
  auto found = others(resolved);
  add_remembered(found);
  // Nothing but ourselves is an answer (we are the first); no address at all is not.
  const Duration next =
      resolved.addresses.empty() ? std::exchange(retry_, std::min(2 * retry_, refresh_)) : refresh_;
  timer_.expires_after(next);
  timer_.async_wait([this](boost::system::error_code aborted) {
    if (!aborted) look_up();
  });
  if (std::exchange(looked_up_, true) && found.empty()) return;
  found_(found);
}

std::vector<std::string> SeedKeeper::others(const net::Resolved& resolved) const {
  auto addresses = resolved.addresses;
  std::erase(addresses, self_);
  return addresses;
}

void SeedKeeper::ask(Found answer) {
  askers_.push_back(std::move(answer));
  if (!answering_) answer_askers();
}

// Who asks while a round is under way gets one of its own: the first may have read the file already.
void SeedKeeper::answer_askers() {
  answering_ = true;
  asked_resolver_.resolve(seeds_, [this, askers = std::exchange(askers_, {})](const net::Resolved& resolved) {
    complain(resolved);
    const auto found = others(resolved);
    for (const Found& asker : askers) asker(found);
    answering_ = false;
    if (!askers_.empty()) answer_askers();
  });
}

void SeedKeeper::reload(const std::string& file, std::function<void(const std::string& error)> done) {
  const std::string seed = std::string(file_prefix) + file;
  if (std::ranges::none_of(seeds_, is_file))
    return done("no seed of this node is a file; restart it with " + seed + " in join.seeds");
  if (std::exchange(reloading_, true)) return done("another file is being read; try again in a moment");
  reload_resolver_.resolve({seed}, [this, seed, done = std::move(done)](const net::Resolved& resolved) {
    reloading_ = false;
    if (!resolved.failures.empty()) return done(resolved.failures.front().second);
    std::erase_if(seeds_, is_file);
    seeds_.push_back(seed);
    watch();
    look_up();
    obs::log(obs::Level::info, "seeds_reloaded", {{"seed", seed}, {"by", "admin"}});
    done("");
  });
}

void SeedKeeper::complain(const net::Resolved& resolved) {
  std::map<std::string, std::string> now(resolved.failures.begin(), resolved.failures.end());
  for (const auto& [seed, cause] : now) {
    const auto before = complaints_.find(seed);
    if (before != complaints_.end() && before->second == cause) continue;
    obs::log(
        obs::Level::warn, "seed_unusable",
        {{"seed", seed}, {"cause", cause}, {"remedy", "check join.seeds; it is looked up again by itself"}});
  }
  complaints_ = std::move(now);
}

}  // namespace ringside::control
