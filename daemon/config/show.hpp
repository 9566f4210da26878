// Configuration as text for people and tools: the commented file, the flags' help, `config show`, and the
// list of problems. All of it comes from the option table.
#pragma once

#include <span>
#include <string>

#include "daemon/config/load.hpp"
#include "daemon/config/options.hpp"

namespace ringside::config {

std::string generate_yaml();  // config/ringside.yaml: every option at its default, with help, unit and range
std::string flags_help();  // grouped by section, wrapped at 100 columns; what `ringside agent --help` prints
// What is in force, as YAML; with `origin` each line ends in a comment that says where its value came from.
std::string show(const Loaded&, bool origin);
// The same as one JSON object; with `origin` each value is {"value": ..., "origin": "..."}.
std::string show_json(const Loaded&, bool origin);
// What is in force for whoever may ask over the API: JSON without what may be a secret.
std::string show_masked(const Config&);
// One option's value on one line, as the file has it, without what may be a secret.
std::string show_value(const Option&, const Config&);
std::string render_problem(const Problem&);  // one line, without its end
// One line for each problem and a closing line with their number.
std::string render_problems(std::span<const Problem>);

}  // namespace ringside::config
