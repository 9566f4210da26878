// The first gate: walks the raw bytes of a head once, whatever pieces they come in, finds its parts and
// refuses what a lenient reader would let through. It holds positions only, so that the bytes may move
// between two calls, and it refuses at the first byte that cannot be right instead of waiting for the empty
// line. What it means is decided by the parsers.
//
// A field line that is there as a whole, nearly always, is taken in one loop; the states are for the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proto/http1/parser.hpp"

namespace ringside::http1 {

class HeadScanner {
 public:
  enum class Kind : std::uint8_t { request, response };

  HeadScanner(Kind kind, const Limits& limits) : limits_(limits), kind_(kind) {}

  // Looks at what is new in `bytes` (all from the first of the head on). A refusal is final. After it returns
  // nullopt the head is complete() or more bytes are needed.
  std::optional<Refusal> scan(std::string_view bytes);
  [[nodiscard]] bool complete() const noexcept { return state_ == State::complete; }
  [[nodiscard]] bool begun() const noexcept { return state_ != State::start && state_ != State::start_lf; }
  void reset() noexcept;  // for the next head

  // Once complete(): where things are, counted from the first byte.
  [[nodiscard]] std::size_t begin() const noexcept { return begin_; }  // behind leading empty lines
  [[nodiscard]] std::size_t length() const noexcept { return at_; }
  [[nodiscard]] int minor() const noexcept { return minor_; }  // of the version; the major is 1
  [[nodiscard]] int status() const noexcept { return status_; }
  // Parts of those bytes, which are `bytes` now.
  [[nodiscard]] std::string_view method(std::string_view bytes) const { return of(method_, bytes); }
  [[nodiscard]] std::string_view target(std::string_view bytes) const { return of(target_, bytes); }
  [[nodiscard]] std::string_view reason(std::string_view bytes) const { return of(reason_, bytes); }
  void fields(std::string_view bytes, std::vector<http::Field>& out) const;  // replaces what is in `out`

 private:
  struct Part {
    std::size_t begin = 0, end = 0;
  };
  struct Line {
    Part name, value;  // the value with the white space around it
  };
  static std::string_view of(Part part, std::string_view bytes) {
    return bytes.substr(part.begin, part.end - part.begin);
  }
  enum class State : std::uint8_t {
    start,
    start_lf,
    method,
    target,
    version,
    request_lf,
    status_space,
    status_code,
    reason,
    field_start,
    name,
    value,
    value_lf,
    last_lf,
    complete,
  };
  std::optional<Refusal> step(std::string_view bytes);
  bool whole_line(std::string_view bytes);
  bool whole_status(std::string_view bytes);
  bool whole_version(std::string_view bytes);
  std::optional<Refusal> start(char c);
  std::optional<Refusal> version(char c);
  std::optional<Refusal> status_code(char c);
  std::optional<Refusal> field_start(char c);
  std::optional<Refusal> line_feed(char c, State next);
  std::optional<Refusal> over_limit(std::size_t seen) const;
  void run(std::string_view bytes, std::uint8_t byte_class) noexcept;

  Limits limits_;
  std::size_t at_ = 0;     // the next byte to look at
  std::size_t begin_ = 0;  // of the start line
  std::size_t line_ = 0;   // start of the line under way
  std::size_t part_ = 0;   // start of the part under way: target, version, status code
  Part method_, target_, reason_;
  std::vector<Line> lines_;
  int empty_lines_ = 0;
  int major_ = 0;
  int minor_ = 0;
  int status_ = 0;
  Kind kind_;
  State state_ = State::start;
};

}  // namespace ringside::http1
