// validate, config, version: no daemon is asked.
#include "daemon/cli/output.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/show.hpp"

namespace ringside::cli {
namespace {

// What `ringside agent` would run with; everything wrong with it is told at once.
std::optional<config::Loaded> load(Terminal& terminal, std::span<const std::string> arguments) {
  auto loaded = config::load(arguments, terminal.environment, config::read_file);
  if (loaded) return std::move(*loaded);
  terminal.err << config::render_problems(loaded.error());
  return std::nullopt;
}

}  // namespace

int validate(Terminal& terminal, const Arguments& arguments) {
  if (arguments.rest.empty()) return fail(terminal, usage, "something is missing: ringside validate -c FILE");
  if (!load(terminal, arguments.rest)) return usage;
  print(terminal, arguments, R"({"valid":true})", "",
        [](const std::string&) { return "the configuration is valid\n"; });
  return ok;
}

int config(Terminal& terminal, const Arguments& arguments) {
  const std::string what = arguments.rest.empty() ? "" : arguments.rest[0];
  if (what == "default") {
    terminal.out << config::generate_yaml();
    return ok;
  }
  if (what != "show")
    return fail(terminal, usage,
                "say what to do: ringside config show [--origin], or ringside config default");
  const auto loaded = load(terminal, std::span(arguments.rest).subspan(1));
  if (!loaded) return usage;
  const bool origin = arguments.has("--origin");
  print(terminal, arguments, config::show_json(*loaded, origin), "",
        [&](const std::string&) { return config::show(*loaded, origin); });
  return ok;
}

int version(Terminal& terminal, const Arguments& arguments) {
  print(terminal, arguments, R"({"version":")" RINGSIDE_VERSION R"("})", "",
        [](const std::string&) { return "ringside " RINGSIDE_VERSION "\n"; });
  return ok;
}

}  // namespace ringside::cli
