// run: an app and its ringside as one; echo: an app for it when there is none yet.
#include "daemon/run/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <optional>

#include "daemon/base/text.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/show.hpp"
#include "daemon/run/echo_app.hpp"
#include "daemon/run/plan.hpp"
#include "daemon/run/ports.hpp"
#include "daemon/run/state_folder.hpp"

namespace ringside::cli {
namespace {

constexpr std::size_t app_id_bytes = 63;
constexpr std::uint16_t usual_app_port = 5000;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "node";
  return name.data();
}

std::string folder_name() {
  std::error_code ignored;
  const std::string name =
      run::plain(std::filesystem::current_path(ignored).filename().string(), app_id_bytes);
  return name.empty() || name.front() == '.' ? "app" : name;  // "/" has no name
}

bool is_app_id(const std::string& text) {
  return !text.empty() && text.front() != '.' && run::plain(text, app_id_bytes) == text;
}

// Without a folder, in a container that can be written nowhere, instances on this machine do not find each
// other; all else works.
std::optional<run::Slot> take_slot(Terminal& terminal, const std::string& id) {
  auto slot = run::Slot::take(terminal.environment, id);
  if (slot) return std::move(*slot);
  terminal.err << "ringside: other instances on this machine are not found: " << slot.error() << "\n";
  return std::nullopt;
}

// Without a slot there is no folder that no other instance uses.
std::string take_folder(Terminal& terminal, const std::string& id, const run::Slot* slot,
                        const config::Loaded& loaded) {
  if (slot == nullptr || !run::keeps_by_itself(loaded)) return "";
  auto folder = run::state_folder(terminal.environment, id, slot->number());
  if (folder) return std::move(*folder);
  terminal.err << "ringside: nothing is kept over a restart: " << folder.error() << "\n";
  return "";
}

void greet(Terminal& terminal, const std::string& id, const run::Plan& plan, const run::Slot* slot) {
  terminal.err << "ringside: " << plan.name << ", an instance of " << id << "; API " << plan.api << ", peers "
               << plan.peer << ", app " << plan.app << "\n";
  if (slot != nullptr) {
    std::string others;
    for (const auto& instance : slot->instances())
      if (instance.slot != slot->number())
        others += (others.empty() ? "" : ", ") + instance.name + " (" + instance.peer + ")";
    terminal.err << "ringside: other instances of " << id
                 << " on this machine: " << (others.empty() ? "none yet" : others) << "\n";
  }
  terminal.err << "ringside: who owns a key: ringside lookup KEY --addr " << plan.api << "\n" << std::flush;
}

}  // namespace

int run_with_app(Terminal& terminal, const Arguments& arguments) {
  if (arguments.command.empty())
    return fail(terminal, usage,
                "say what to run: ringside run [FLAGS] -- CMD..., e.g. ringside run -- python3 app.py");
  const auto loaded = config::load(arguments.rest, terminal.environment, config::read_file);
  if (!loaded) {
    terminal.err << config::render_problems(loaded.error());
    return usage;
  }
  const std::string id = arguments.get("--app-id").value_or(folder_name());
  if (!is_app_id(id))
    return fail(
        terminal, usage,
        "--app-id is 1 to 63 letters, digits, '.', '_' or '-', and begins with no dot, not '" + id + "'");

  std::optional<run::Slot> slot = take_slot(terminal, id);
  const bool finds = slot && run::finds_by_itself(*loaded);
  const run::Wishes wishes{arguments.rest,
                           *loaded,
                           terminal.environment,
                           id,
                           host_name(),
                           slot ? slot->number() : 1,
                           finds ? slot->seeds_file() : "",
                           take_folder(terminal, id, slot ? &*slot : nullptr, *loaded)};
  const auto plan = run::make_plan(wishes, {run::port_is_free, run::free_port});
  if (!plan) return fail(terminal, usage, plan.error());
  if (slot) slot->announce({0, plan->name, finds ? plan->peer : "", plan->api, ::getpid()});
  if (finds) slot->write_seeds(slot->instances());
  greet(terminal, id, *plan, finds ? &*slot : nullptr);

  run::Command daemon{{run::own_program(), "agent"}, terminal.environment, SIGTERM};
  daemon.words.insert(daemon.words.end(), plan->daemon_arguments.begin(), plan->daemon_arguments.end());
  const run::Command app{arguments.command, plan->app_environment, SIGTERM};
  const auto& config = loaded->config;
  return run::run_both(daemon, app, {arguments.has("--restart"), config.drain.timeout, config.app.grace},
                       finds ? &*slot : nullptr, terminal.err);
}

int echo(Terminal& terminal, const Arguments& arguments) {
  std::string name = "echo";
  Address at{"127.0.0.1", usual_app_port, ""};
  for (const auto& [variable, value] : terminal.environment) {
    if (variable == "RINGSIDE_NODE_NAME") name = value;
    if (variable != "PORT") continue;
    const auto port = parse_integer(value);
    if (!port || *port < 1 || *port > 65'535)
      return fail(terminal, usage, "PORT is '" + value + "', not a port");
    at.port = static_cast<std::uint16_t>(*port);
  }
  if (const auto listen = arguments.get("--listen")) {
    const auto address = parse_address(*listen);
    if (!address || address->is_unix())
      return fail(terminal, usage, "--listen takes HOST:PORT, e.g. 127.0.0.1:5000, not '" + *listen + "'");
    at = *address;
  }
  return fail(terminal, failed, run::serve_echo(at, name));
}

}  // namespace ringside::cli
