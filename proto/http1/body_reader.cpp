// Bodies. A chunked body is a small machine over single bytes for what surrounds the data, and whole pieces
// for the data itself; extensions are checked, bounded and dropped, trailers kept for the end (RFC 9112 7.1).
#include <algorithm>

#include "proto/http/syntax.hpp"
#include "proto/http1/parser.hpp"

namespace ringside::http1 {
namespace {

using http::is;

// Chunk framing may cost 16 times the data it carries, and 4 KiB beyond: a drip of one-byte chunks with long
// extensions must not be a cheap way to keep us busy.
constexpr std::uint64_t overhead_free = 4 * 1024;
constexpr std::uint64_t overhead_ratio = 16;
constexpr std::size_t size_digits_max = 16;  // 64 bits

constexpr unsigned hex_value(char c) noexcept {
  if (c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

Refusal bad(std::string_view reason) {
  return {400, reason};
}

}  // namespace

BodyReader::BodyReader(http::Framing framing, const Limits& limits) noexcept : limits_(limits) {
  switch (framing.kind) {
    case http::BodyKind::none: state_ = State::done; break;
    case http::BodyKind::length:
      left_ = framing.length;
      state_ = left_ == 0 ? State::done : State::length;
      break;
    case http::BodyKind::chunked: state_ = State::size; break;
    case http::BodyKind::until_close: state_ = State::until_close; break;
  }
}

bool BodyReader::at_eof() noexcept {
  if (state_ == State::until_close) state_ = State::done;
  return finished();
}

BodyReader::Step BodyReader::next(std::string_view buffered) {
  if (state_ == State::until_close) return Piece{buffered, buffered.size(), false};
  std::size_t at = 0;
  while (at < buffered.size() && !finished()) {
    if (state_ != State::length && state_ != State::data) {
      if (auto refusal = frame(buffered[at])) return *refusal;
      ++at;
      continue;
    }
    const auto data =
        buffered.substr(at, static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffered.size() - at)));
    left_ -= data.size();
    payload_ += data.size();
    if (left_ == 0) state_ = state_ == State::length ? State::done : State::data_cr;
    return Piece{data, at + data.size(), finished()};
  }
  return Piece{{}, at, finished()};
}

// One byte of what surrounds the data.
std::optional<Refusal> BodyReader::frame(char c) {
  switch (state_) {
    case State::size:
    case State::size_space:
    case State::extension_start:
    case State::extension: return size(c);
    case State::size_lf: return size_end(c);
    case State::data_cr:
      if (c != '\r') return bad("a chunk is longer than its size");
      state_ = State::data_lf;
      ++overhead_;
      return std::nullopt;
    case State::data_lf:
      if (c != '\n') return bad("a CR without its LF behind a chunk");
      state_ = State::size;
      ++overhead_;
      left_ = digits_ = line_ = 0;
      return std::nullopt;
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf: return trailer(c);
    case State::last_lf:
      if (c != '\n') return bad("a CR without its LF behind the trailers");
      state_ = State::done;
      return std::nullopt;
    case State::length:
    case State::until_close:
    case State::data:
    case State::done: return std::nullopt;
  }
  return std::nullopt;
}

// chunk-size [ chunk-ext ], up to the CR.
std::optional<Refusal> BodyReader::size(char c) {
  ++overhead_;
  if (c == '\r' && digits_ > 0 && (state_ == State::size || state_ == State::extension)) {
    state_ = State::size_lf;
    return std::nullopt;
  }
  if (++line_ > limits_.chunk_line) return bad("a chunk line is too long");
  if (state_ == State::extension_start) {  // it has a name
    if (c == ' ' || c == '\t') return std::nullopt;
    if (!is(c, http::token_byte)) return bad("a chunk extension is malformed");
    state_ = State::extension;
    return std::nullopt;
  }
  if (state_ == State::extension) {
    if (!is(c, http::value_byte)) return bad("a chunk extension holds a control byte");
    return std::nullopt;
  }
  if (state_ == State::size && is(c, http::hex_byte)) {
    if (++digits_ > size_digits_max) return bad("a chunk size is too long");
    left_ = left_ * 16 + hex_value(c);
    return std::nullopt;
  }
  if (digits_ == 0) return bad("a chunk size is malformed");
  if (c == ' ' || c == '\t') {  // "bad white space" is for an extension to follow only
    state_ = State::size_space;
  } else if (c == ';') {
    state_ = State::extension_start;
  } else {
    return bad("a chunk size is malformed");
  }
  return std::nullopt;
}

std::optional<Refusal> BodyReader::size_end(char c) {
  if (c != '\n') return bad("a CR without its LF in a chunk line");
  ++overhead_;
  if (overhead_ > overhead_free && overhead_ > overhead_ratio * payload_) {
    return bad("the chunks cost more than they carry");
  }
  line_ = 0;
  state_ = left_ > 0 ? State::data : State::trailer_start;
  return std::nullopt;
}

// Field lines like those of a head.
std::optional<Refusal> BodyReader::trailer(char c) {
  if (state_ == State::trailer_start && c == '\r') {
    state_ = State::last_lf;
    return std::nullopt;
  }
  if (++line_ > limits_.trailer) return Refusal{431, "the trailers are too long"};
  trailer_lines_.push_back(c);
  if (state_ == State::trailer_start) {
    if (++trailers_ > limits_.trailer_fields) return Refusal{431, "too many trailers"};
    if (!is(c, http::token_byte)) return bad("a trailer is malformed");
    state_ = State::trailer_name;
  } else if (state_ == State::trailer_name) {
    if (c == ':') {
      state_ = State::trailer_value;
    } else if (!is(c, http::token_byte)) {
      return bad("a trailer's name holds a byte that is not allowed");
    }
  } else if (state_ == State::trailer_value) {
    if (c == '\r') {
      state_ = State::trailer_lf;
    } else if (!is(c, http::value_byte)) {
      return bad("a trailer's value holds a control byte or a bare LF");
    }
  } else {
    if (c != '\n') return bad("a CR without its LF in a trailer");
    state_ = State::trailer_start;
  }
  return std::nullopt;
}

http::Trailers BodyReader::trailers() const {
  http::Trailers fields;
  for (std::string_view lines = trailer_lines_; !lines.empty();) {
    const auto line = lines.substr(0, lines.find('\r'));
    const auto name = line.substr(0, line.find(':'));
    const http::Field field(name, http::trim(line.substr(name.size() + 1)));
    if (!http::is_forbidden_trailer(field)) fields.push_back(field);
    lines.remove_prefix(line.size() + 2);
  }
  return fields;
}

}  // namespace ringside::http1
