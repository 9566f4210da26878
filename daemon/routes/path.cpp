#include "daemon/routes/path.hpp"

#include <algorithm>

#include "daemon/routes/words.hpp"

namespace ringside::routes {
namespace {

// Takes the first segment off `path`, which starts with its slash.
std::string_view take_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// What a target can hold, but for the query's mark; the parser refuses everything else (RFC 9112 3.2).
bool can_be_in_path(char c) {
  return c > ' ' && c < '\x7f' && c != '?' && c != '#';
}

}  // namespace

Result<Path, std::string> Path::parse(std::string_view text) {
  if (!text.starts_with('/')) return quoted(text) + " does not start with a slash";
  if (text.size() > limits::route_text_bytes)
    return "the path has " + std::to_string(text.size()) + " bytes, the limit is " +
           std::to_string(limits::route_text_bytes);
  if (text.find('?') != text.npos)
    return quoted(text) + " holds a query; only paths are matched, and {query:name} in the key reads it";
  if (!std::all_of(text.begin(), text.end(), can_be_in_path))
    return quoted(text) + " holds a byte that no request's path can have; write it percent-encoded";
  Path path;
  while (!text.empty()) {
    const auto segment = take_segment(text);
    if (path.rest_) return "** takes the rest of the path, so nothing can stand behind it";
    if (segment == "**") {
      path.rest_ = true;
    } else if (segment == "*") {
      path.segments_.push_back({.literal = false, .text = {}});
    } else if (segment.find('*') != segment.npos) {
      return quoted(segment) + ": a * stands for a whole segment, alone between slashes";
    } else if (segment.find_first_of("{}") == segment.npos) {
      path.segments_.push_back({.literal = true, .text = std::string(segment)});
    } else {
      if (!segment.starts_with('{') || segment.find_first_of("{}", 1) != segment.size() - 1)
        return quoted(segment) + ": a variable is a whole segment, e.g. /users/{id}/cart";
      const auto name = segment.substr(1, segment.size() - 2);
      if (!is_variable_name(name))
        return quoted(name) + " is not a variable's name: letters, digits and _, not first a digit";
      if (std::ranges::find(path.variables_, name) != path.variables_.end())
        return "the variable " + quoted(name) + " stands twice";
      if (path.variables_.size() == limits::route_variables)
        return "more than " + std::to_string(limits::route_variables) + " variables";
      path.segments_.push_back(
          {.literal = false, .text = {}, .variable = static_cast<int>(path.variables_.size())});
      path.variables_.emplace_back(name);
    }
  }
  return path;
}

bool Path::match(std::string_view path, Values& values) const noexcept {
  if (!path.starts_with('/')) return false;  // the * of OPTIONS
  for (const Segment& wanted : segments_) {
    if (path.empty()) return false;
    const auto segment = take_segment(path);
    if (wanted.literal ? segment != wanted.text : segment.empty()) return false;
    if (wanted.variable >= 0) values[static_cast<std::size_t>(wanted.variable)] = segment;
  }
  return rest_ || path.empty();
}

bool Path::covers(const Path& other) const noexcept {
  if (rest_ ? other.segments_.size() < segments_.size()
            : other.rest_ || other.segments_.size() != segments_.size())
    return false;
  return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(),
                    [](const Segment& mine, const Segment& theirs) {
                      if (mine.literal) return theirs.literal && theirs.text == mine.text;
                      return !theirs.literal || !theirs.text.empty();
                    });
}

}  // namespace ringside::routes
