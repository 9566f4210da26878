// Reading HTTP/1.1 (RFC 9112) without I/O: bytes buffered by the caller in, heads and body pieces out.
//
// Two gates stand one behind the other. The scanner walks the raw bytes of a head once, finds its parts and
// refuses what is malformed or over a limit (bare CR or LF, obs-fold, sizes and counts, ...). The parser then
// judges what the fields mean together (doubled Host, HTTP/1.0 with Transfer-Encoding, ...). The table is in
// proto/spec/http1.md. Whatever is refused closes the connection. Tests hold llhttp and Boost.Beast against
// it (daemon/decisions/0006).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proto/http/message.hpp"

namespace ringside::http1 {

struct Limits {
  std::size_t request_line = 16 * 1024;
  std::size_t field_line = 16 * 1024;
  std::size_t head = 64 * 1024;
  std::size_t fields = 100;
  std::size_t method = 32;
  std::size_t chunk_line = 256;
  std::size_t trailer_fields = 20;
  std::size_t trailer = 4 * 1024;
};

// Why a message is refused, as the status the client gets (400, 405, 414, 417, 431, 501, 505) and one
// sentence. For a reply of the app the status is always 502.
struct Refusal {
  int status = 400;
  std::string_view reason;  // static text
};

struct NeedMore {};
template <class Head>
struct Complete {
  const Head*
      head;  // valid until the next call on the parser, and only while the buffered bytes stay where they are
  std::size_t length;  // bytes of the buffer the head took, the empty line included
};
template <class Head>
using HeadStep = std::variant<NeedMore, Complete<Head>, Refusal>;

// One per connection, reused for each message. Call next() with all unconsumed bytes, from the first of the
// head on; after NeedMore call again with the same bytes and more behind them: what was looked at is not
// scanned again.
class RequestParser {
 public:
  explicit RequestParser(const Limits& = {});
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  HeadStep<http::RequestHead> next(std::string_view buffered);
  // True while an unfinished head has been seen (for the header deadline).
  [[nodiscard]] bool mid_head() const noexcept;

 private:
  struct State;
  State* state_;
};

class ResponseParser {
 public:
  explicit ResponseParser(const Limits& = {});
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  // `to_head`: the reply to a HEAD request has no body whatever its fields say.
  HeadStep<http::ResponseHead> next(std::string_view buffered, bool to_head);

 private:
  struct State;
  State* state_;
};

// The body behind a head. Feed it the bytes that follow; it says which of them are body. Its refusals are
// written for requests (400, 431); for a body of the app they all mean 502, or an aborted reply when the head
// has gone out.
class BodyReader {
 public:
  struct Piece {
    std::string_view data;  // a part of `buffered`; may be empty
    std::size_t consumed;   // bytes of `buffered` that are used up
    bool finished;          // the body is complete; what follows `consumed` is the next message
  };
  using Step = std::variant<Piece, Refusal>;

  BodyReader() = default;
  explicit BodyReader(http::Framing framing, const Limits& = {}) noexcept;
  // Consumes what it can, up to the end of the next piece of data. {"" , 0, false}: needs more bytes. Call
  // again while consumed > 0 and not finished.
  Step next(std::string_view buffered);
  // The connection ended: a clean end only for until_close or an already finished body.
  [[nodiscard]] bool at_eof() noexcept;
  [[nodiscard]] bool finished() const noexcept { return state_ == State::done; }
  // Bytes of the body that are sure to follow: of the chunk under way, or all of a counted body.
  [[nodiscard]] std::uint64_t announced() const noexcept {
    return state_ == State::data || state_ == State::length ? left_ : 0;
  }
  // Behind a finished chunked body; views into the reader.
  [[nodiscard]] http::Trailers trailers() const;

 private:
  enum class State : unsigned char {
    length,
    until_close,  // bodies without inner framing
    size,
    size_space,
    extension_start,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,  // chunks
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
  };
  std::optional<Refusal> frame(char c);
  std::optional<Refusal> size(char c);
  std::optional<Refusal> size_end(char c);
  std::optional<Refusal> trailer(char c);

  Limits limits_{};
  State state_ = State::done;
  std::size_t digits_ = 0;  // of the chunk size so far
  std::size_t line_ = 0;    // bytes of the chunk line, or of all trailers, so far
  std::size_t trailers_ = 0;
  std::string trailer_lines_;   // all of them, as they came
  std::uint64_t left_ = 0;      // of the body, or of the chunk
  std::uint64_t overhead_ = 0;  // bytes of chunk framing so far, against what they carried
  std::uint64_t payload_ = 0;
};

}  // namespace ringside::http1
