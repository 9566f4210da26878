// Heads in HTTP/2 dress: HeadReader gathers the fields of one block (blocks of a connection never interleave,
// so one reader serves all streams), HeadWriter makes name/value pairs of a head. Both keep their memory from
// head to head.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/message.hpp"
#include "proto/http2/session.hpp"

namespace ringside::http2 {

class HeadReader {
 public:
  HeadReader(std::size_t bytes_max, std::size_t fields_max) noexcept
      : bytes_max_(bytes_max), fields_max_(fields_max) {}

  void begin() noexcept;
  void add(std::string_view name, std::string_view value);
  void refuse(Code code) noexcept {
    if (!refused_) refused_ = code;
  }
  // The block is over a limit or holds what nghttp2 does not let through: its stream is to be reset.
  [[nodiscard]] std::optional<Code> refused() const noexcept { return refused_; }

  // The head of a finished block; its views live until begin(). Null: nghttp2 let it through, but our rules
  // do not (http-cases 5.1 on the parsed form: authority, target, method).
  const http::RequestHead* request(bool end);
  // `connect`: the reply to an extended CONNECT.
  const http::ResponseHead* response(bool end, bool to_head, bool connect);
  // Null: over that limit.
  const http::Trailers* trailers(std::size_t bytes_max);

 private:
  struct Span {
    std::size_t name, name_length, value, value_length;
  };
  http::Field field(const Span&) const noexcept;
  void join_cookies();

  std::size_t bytes_max_;
  std::size_t fields_max_;
  std::size_t bytes_ = 0;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts them
  std::size_t cookies_ = 0;
  std::optional<Code> refused_;
  std::string text_;
  std::vector<Span> spans_;
  http::RequestHead request_;
  http::ResponseHead response_;
  http::Trailers trailers_;
};

class HeadWriter {
 public:
  // Valid until the next call, and while the head's views are; nghttp2 copies at submit.
  const std::vector<nghttp2_nv>& request(const http::RequestHead&);
  const std::vector<nghttp2_nv>& response(const http::ResponseHead&);
  const std::vector<nghttp2_nv>& interim(int status);
  const std::vector<nghttp2_nv>& trailers(const http::Trailers&);

 private:
  void add(std::string_view name, std::string_view value, bool single_use = false);
  void add_status(int status);
  void add_fields(const std::vector<http::Field>&);
  void add_length(std::uint64_t length);

  std::vector<nghttp2_nv> pairs_;
  std::array<char, 20> length_{};
  std::array<char, 3> status_{};
};

}  // namespace ringside::http2
