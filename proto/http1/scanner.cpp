#include "proto/http1/scanner.hpp"

#include "proto/http/syntax.hpp"

namespace ringside::http1 {
namespace {

using http::is;

constexpr int leading_empty_lines_max =
    4;  // RFC 9112 2.2 wants at least one ignored; a flood of them is an attack
constexpr std::string_view version_pattern = "HTTP/d.d";

Refusal bad(std::string_view reason) {
  return {400, reason};
}

}  // namespace

std::optional<Refusal> HeadScanner::scan(std::string_view bytes) {
  while (at_ < bytes.size() && state_ != State::complete) {
    if (state_ == State::field_start && whole_line(bytes)) continue;
    if (state_ == State::start && kind_ == Kind::response && whole_status(bytes)) continue;
    if (auto refusal = step(bytes)) return refusal;
  }
  return std::nullopt;
}

void HeadScanner::reset() noexcept {
  at_ = begin_ = line_ = part_ = 0;
  method_ = target_ = reason_ = {};
  lines_.clear();
  empty_lines_ = major_ = minor_ = status_ = 0;
  state_ = State::start;
}

void HeadScanner::fields(std::string_view bytes, std::vector<http::Field>& out) const {
  out.clear();
  for (const Line& line : lines_) out.push_back({of(line.name, bytes), http::trim(of(line.value, bytes))});
}

// One field line from its first byte to its LF. False, and nothing has happened: it is not all there, or
// something in it is wrong, or it reaches a limit; then the states find out what.
bool HeadScanner::whole_line(std::string_view bytes) {
  const char* const first = bytes.data() + at_;
  const char* const end = bytes.data() + bytes.size();
  const char* c = first;
  while (c != end && is(*c, http::token_byte)) ++c;
  if (c == first || c == end || *c != ':') return false;
  const char* const name_end = c++;
  while (c != end && is(*c, http::value_byte)) ++c;
  if (end - c < 2 || c[0] != '\r' || c[1] != '\n') return false;
  const auto offset = [&bytes](const char* at) { return static_cast<std::size_t>(at - bytes.data()); };
  if (offset(c) - at_ > limits_.field_line || offset(c) + 2 > limits_.head || lines_.size() == limits_.fields)
    return false;
  line_ = at_;
  lines_.push_back({{at_, offset(name_end)}, {offset(name_end) + 1, offset(c)}});
  at_ = offset(c) + 2;
  return true;
}

// The end of a request line, in the same way.
bool HeadScanner::whole_version(std::string_view bytes) {
  constexpr std::string_view begin = "HTTP/1.";
  const auto rest = bytes.substr(at_, begin.size() + 3);
  if (kind_ != Kind::request || at_ != part_ || rest.size() < begin.size() + 3 || !rest.starts_with(begin))
    return false;
  const char minor = rest[begin.size()];
  if (!is(minor, http::digit_byte) || !rest.ends_with("\r\n")) return false;
  if (at_ + begin.size() + 1 - line_ > limits_.request_line || at_ + rest.size() > limits_.head) return false;
  major_ = 1;
  minor_ = minor - '0';
  at_ += rest.size();
  state_ = State::field_start;
  return true;
}

// A status line, in the same way.
bool HeadScanner::whole_status(std::string_view bytes) {
  constexpr std::string_view begin = "HTTP/1.";
  constexpr std::size_t reason_at = 13;  // behind "HTTP/1.1 200 "
  const auto line = bytes.substr(at_);
  if (line.size() < reason_at + 2 || !line.starts_with(begin) || !is(line[7], http::digit_byte) ||
      line[8] != ' ' || line[9] < '1' || line[9] > '5' || !is(line[10], http::digit_byte) ||
      !is(line[11], http::digit_byte) || line[12] != ' ')
    return false;
  std::size_t end = reason_at;
  while (end < line.size() && is(line[end], http::value_byte)) ++end;
  if (line.substr(end, 2) != "\r\n" || end > limits_.request_line || at_ + end + 2 > limits_.head)
    return false;
  begin_ = line_ = part_ = at_;
  major_ = 1;
  minor_ = line[7] - '0';
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  reason_ = {at_ + reason_at, at_ + end};
  at_ += end + 2;
  state_ = State::field_start;
  return true;
}

// Moves on while the bytes are of the class. Limits are judged behind it, before the byte that stopped it: so
// whole heads and single bytes get the same verdict.
void HeadScanner::run(std::string_view bytes, std::uint8_t byte_class) noexcept {
  while (at_ < bytes.size() && is(bytes[at_], static_cast<http::ByteClass>(byte_class))) ++at_;
}

// `seen`: bytes of the head that are there for sure, the one to be judged next included.
std::optional<Refusal> HeadScanner::over_limit(std::size_t seen) const {
  // Of two limits the one that is reached first counts, however many bytes were looked at in one go.
  const auto passed = [this](std::size_t limit) {
    return at_ - line_ > limit && line_ + limit <= limits_.head;
  };
  switch (state_) {
    case State::method:
      if (passed(limits_.method)) return bad("the method is too long");
      [[fallthrough]];
    case State::target:
    case State::version:
    case State::status_space:
    case State::status_code:
    case State::reason:
      if (passed(limits_.request_line)) return Refusal{414, "the request line is too long"};
      break;
    case State::name:
    case State::value:
      if (passed(limits_.field_line)) return Refusal{431, "a field line is too long"};
      break;
    case State::start:
    case State::start_lf:
    case State::request_lf:
    case State::field_start:
    case State::value_lf:
    case State::last_lf:
    case State::complete: break;
  }
  if (seen > limits_.head) return Refusal{431, "the head is too long"};
  return std::nullopt;
}

// One part of a line, or one byte between parts.
std::optional<Refusal> HeadScanner::step(std::string_view bytes) {
  switch (state_) {
    case State::method: run(bytes, http::token_byte); break;
    case State::target: run(bytes, http::target_byte); break;
    case State::reason:
    case State::value: run(bytes, http::value_byte); break;
    case State::name: run(bytes, http::token_byte); break;
    case State::start:
    case State::start_lf:
    case State::version:
    case State::request_lf:
    case State::status_space:
    case State::status_code:
    case State::field_start:
    case State::value_lf:
    case State::last_lf:
    case State::complete: break;
  }
  if (state_ == State::version && whole_version(bytes)) return std::nullopt;
  const bool more = at_ < bytes.size();
  if (auto refusal = over_limit(at_ + (more ? 1 : 0))) return refusal;
  if (!more) return std::nullopt;

  const char c = bytes[at_];
  switch (state_) {
    case State::start: return start(c);
    case State::start_lf: return line_feed(c, State::start);
    case State::method:
      if (c != ' ') return bad("the method holds a byte that is not allowed");
      method_ = {begin_, at_};
      part_ = ++at_;
      state_ = State::target;
      return std::nullopt;
    case State::target:
      if (c != ' ') return bad(c == '#' ? "the target holds a fragment" : "the request line is malformed");
      if (at_ == part_) return bad("the request line holds more than one space in a row");
      target_ = {part_, at_};
      part_ = ++at_;
      state_ = State::version;
      return std::nullopt;
    case State::version: return version(c);
    case State::request_lf:
      if (auto refusal = line_feed(c, State::field_start)) return refusal;
      if (major_ != 1) return Refusal{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
      return std::nullopt;
    case State::status_space:
      if (c != ' ') return bad("no space behind the version");
      part_ = ++at_;
      state_ = State::status_code;
      return std::nullopt;
    case State::status_code: return status_code(c);
    case State::reason:
      if (c != '\r') return bad("the reason phrase holds a control byte or a bare LF");
      reason_ = {part_, at_};
      ++at_;
      state_ = State::request_lf;
      return std::nullopt;
    case State::field_start: return field_start(c);
    case State::name:
      if (c != ':') return bad("a field name holds a byte that is not allowed");
      lines_.push_back({{line_, at_}, {at_ + 1, at_ + 1}});
      ++at_;
      state_ = State::value;
      return std::nullopt;
    case State::value:
      if (c != '\r') return bad("a field value holds a control byte or a bare LF");
      lines_.back().value.end = at_;
      ++at_;
      state_ = State::value_lf;
      return std::nullopt;
    case State::value_lf: return line_feed(c, State::field_start);
    case State::last_lf: return line_feed(c, State::complete);
    case State::complete: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::start(char c) {
  if (c == '\r' && kind_ == Kind::request) {
    if (empty_lines_ == leading_empty_lines_max) return bad("too many empty lines before the request");
    ++empty_lines_;
    ++at_;
    state_ = State::start_lf;
    return std::nullopt;
  }
  if (!is(c, http::token_byte)) return bad("this is not HTTP/1");
  begin_ = line_ = part_ = at_;
  state_ = kind_ == Kind::request ? State::method : State::version;
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::version(char c) {
  const std::size_t index = at_ - part_;
  if (index == version_pattern.size()) {  // only requests get here: a status line goes on with a space
    if (c != '\r') return bad("the request line is malformed");
    state_ = State::request_lf;
    ++at_;
    return std::nullopt;
  }
  const char wanted = version_pattern[index];
  if (wanted == 'd') {
    if (!is(c, http::digit_byte)) return bad("the HTTP version is malformed");
    (index == 5 ? major_ : minor_) = c - '0';
  } else if (c != wanted) {
    return bad("the HTTP version is malformed");
  }
  ++at_;
  if (kind_ == Kind::response && index + 1 == version_pattern.size()) state_ = State::status_space;
  return std::nullopt;
}

// Three digits, 100 to 599 (RFC 9110 15), then a space and a reason or, as some servers write it, nothing.
std::optional<Refusal> HeadScanner::status_code(char c) {
  const std::size_t index = at_ - part_;
  if (index < 3) {
    if (!is(c, http::digit_byte) || (index == 0 && (c < '1' || c > '5')))
      return bad("the status is malformed");
    status_ = status_ * 10 + (c - '0');
    ++at_;
    return std::nullopt;
  }
  if (c != ' ' && c != '\r') return bad("the status line is malformed");
  state_ = c == ' ' ? State::reason : State::request_lf;
  part_ = ++at_;
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::field_start(char c) {
  if (c == '\r') {
    ++at_;
    state_ = State::last_lf;
    return std::nullopt;
  }
  if (c == ' ' || c == '\t') return bad("a field line begins with white space");
  if (c == ':') return bad("a field name is empty");
  if (lines_.size() == limits_.fields) return Refusal{431, "too many fields"};
  line_ = at_;
  state_ = State::name;
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::line_feed(char c, State next) {
  if (c != '\n') return bad("a CR without its LF");
  ++at_;
  state_ = next;
  return std::nullopt;
}

}  // namespace ringside::http1
