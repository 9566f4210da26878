// A path template: /users/{id}/cart, /files/*/raw, /users/{id}/**.
//
// A path is compared segment by segment, byte by byte, as it came: nothing is decoded, joined or resolved, so
// that what is matched is what the app gets to see. {id} and * take one segment, whatever it holds, but not
// an empty one; ** stands last and takes the rest, be it nothing.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"

namespace ringside::routes {

// The segments that the variables took, in the order of Path::variables(); views into the path.
using Values = std::array<std::string_view, limits::route_variables>;

class Path {
 public:
  // The error is one sentence.
  [[nodiscard]] static Result<Path, std::string> parse(std::string_view text);

  // `path` is the target without its query.
  [[nodiscard]] bool match(std::string_view path, Values&) const noexcept;
  // Every path that matches `other` matches this one too.
  [[nodiscard]] bool covers(const Path& other) const noexcept;

  [[nodiscard]] const std::vector<std::string>& variables() const { return variables_; }

 private:
  struct Segment {
    bool literal = true;
    std::string text;   // of a literal
    int variable = -1;  // its place among the values; -1: none, it is a *
  };
  std::vector<Segment> segments_;
  bool rest_ = false;
  std::vector<std::string> variables_;
};

}  // namespace ringside::routes
