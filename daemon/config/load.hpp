// Loads the configuration: defaults < file < environment < flags. Everything wrong is reported at once, with
// where it stands and what to do. Pure: arguments, environment and the file's content are passed in. Used
// once at start, on the main thread, and by `ringside validate` and `ringside config show`.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/config/config.hpp"

namespace ringside::config {

enum class Source : std::uint8_t { built_in, file, environment, flag };

struct Origin {
  Source source = Source::built_in;
  std::string name;                             // the file, the variable or the flag as it was written
  int line = 0, column = 0;                     // file only, from 1
  [[nodiscard]] std::string to_string() const;  // default, config.yaml:12, RINGSIDE_NODE_NAME, --name
};

struct Loaded {
  Config config;
  std::vector<Origin> origins;  // one for each row of options(), in its order
  [[nodiscard]] const Origin& origin_of(std::string_view path) const;
};

struct Problem {
  std::string source;        // file, variable or flag
  int line = 0, column = 0;  // file only, from 1; 0: the file as a whole
  std::string path;          // of the option; empty: none is concerned
  std::string message;
  std::string suggestion;  // what to do about it; may be empty
  friend bool operator==(const Problem&, const Problem&) = default;
};

using FileReader = std::function<Result<std::string>(const std::string& path)>;
using Environment = std::vector<std::pair<std::string, std::string>>;

// `arguments`: what follows the verb, e.g. {"-c", "ringside.yaml", "--name", "a"}. The file is read only when
// -c names one. Variables that do not start with RINGSIDE_ are ignored.
[[nodiscard]] Result<Loaded, std::vector<Problem>> load(std::span<const std::string> arguments,
                                                        const Environment&, const FileReader&);

[[nodiscard]] Result<std::string> read_file(const std::string& path);  // the FileReader of a real start
[[nodiscard]] Environment environment(const char* const* environ);  // of a real start: environment(::environ)

}  // namespace ringside::config
