// The configuration: whatever the file, the flags and the variables hold, there are settings, or complaints
// that say what is wrong and where. What is in force, shown and read again, is the same.
//
// Flags: 0 the payload's lines are flags; 1 its lines are variables, NAME=value; else it is the file.
#include "daemon/base/text.hpp"
#include "daemon/config/show.hpp"
#include "daemon/config/sources.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {
namespace {

const std::string file_name = "ringside.yaml";

Result<config::Loaded, std::vector<config::Problem>> load_file(const std::string& text) {
  const std::vector<std::string> arguments{"-c", file_name};
  return config::load(arguments, {}, [&text](const std::string&) -> Result<std::string> { return text; });
}

void check_problems(const std::vector<config::Problem>& problems, std::string_view text) {
  require(!problems.empty(), "refused without a problem");
  const auto lines =
      std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 1;
  for (const auto& problem : problems) {
    require(!problem.message.empty() && !problem.source.empty(), "a problem without a text or a source");
    require((problem.line == 0) == (problem.column == 0), "a place without a line or a column");
    require(problem.line >= 0 && problem.line <= lines + 1 && problem.column >= 0, "a place that is none");
    if (problem.line != 0) require(problem.source == file_name, "a place that is not in the file");
  }
  const auto shown = config::render_problems(problems);
  require(static_cast<std::size_t>(std::count(shown.begin(), shown.end(), '\n')) == problems.size() + 1,
          "a problem is more than a line");
}

void check_shown(const config::Loaded& loaded) {
  const auto shown = config::show(loaded, false);
  const auto again = load_file(shown);
  require(again.has_value(),
          "what is in force is refused:\n" + (again ? "" : config::render_problems(again.error())) + shown);
  require_same(config::show(*again, false), shown, "what is in force reads differently");
  require(config::show_json(*again, false) == config::show_json(loaded, false),
          "it reads differently as JSON");
}

}  // namespace

void config(const Input& input) {
  const std::string text(input.payload());
  if (!input.flag(0) && !input.flag(1)) {  // most files are wrong in themselves, and soon known to be
    const auto problems = config::read_yaml(file_name, text).problems;
    if (!problems.empty()) return check_problems(problems, text);
  }
  const auto lines = split(text, '\n');
  const config::FileReader no_file = [](const std::string&) -> Result<std::string> { return std::string(); };
  config::Environment variables;
  for (const auto& line : lines) {
    const auto equals = std::min(line.find('='), line.size());
    variables.emplace_back("RINGSIDE_" + line.substr(0, equals),
                           line.substr(std::min(equals + 1, line.size())));
  }
  const auto loaded = input.flag(0)   ? config::load(lines, {}, no_file)
                      : input.flag(1) ? config::load({}, variables, no_file)
                                      : load_file(text);
  if (!loaded) return check_problems(loaded.error(), text);
  check_shown(*loaded);
}

}  // namespace ringside::fuzz
