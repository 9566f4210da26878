// The three sources besides the defaults, each read into the same list of findings; load.cpp puts them
// together.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/config/load.hpp"
#include "daemon/config/options.hpp"

namespace YAML {
class Node;
struct Mark;
}  // namespace YAML

namespace ringside::config {

struct Given {
  const Option* option = nullptr;
  Raw value;
  Origin origin;
};

struct Findings {
  std::vector<Given> given;
  std::vector<Problem> problems;
};

struct Flags {
  Findings findings;
  std::string config_file;  // of -c; empty: none
};

Flags read_flags(std::span<const std::string> arguments);
Findings read_environment(const Environment&);
// `text` is the content of the file `name`.
Findings read_yaml(const std::string& name, const std::string& text);

// The document of a text, and where a second one begins (a null mark: there is none). Throws YAML::Exception,
// with the place, for what is none.
YAML::Node load_yaml(const std::string& text, YAML::Mark& second);

// The value of `routes`. Problems have no source yet, and no place if they come from a text. The text is what
// a flag or variable holds: the same YAML as in the file.
struct RoutesFound {
  routes::Rules rules;
  std::vector<Problem> problems;
};
RoutesFound read_routes(const YAML::Node&);
RoutesFound read_routes(const std::string& text);
std::string print_route(const routes::Rule&);  // as a flow map of YAML

// What the user probably meant by an unknown path; empty when nothing is near.
std::string closest_path(const std::string& path);

// Fields that are right one by one and wrong together. Options in `failed` have no value to judge by.
std::vector<Problem> find_clashes(const Loaded&, std::span<const std::string_view> failed);

}  // namespace ringside::config
