// Content-Length and Transfer-Encoding, the two fields that decide where a message ends (RFC 9112 6.3): the
// same strict reading for requests and replies. Whatever two readers could understand differently is an
// error.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/http/message.hpp"

namespace ringside::http1 {

// 1*DIGIT (RFC 9110 8.6). Leading zeros are read over: the writer writes the number anew.
[[nodiscard]] std::optional<std::uint64_t> parse_length(std::string_view) noexcept;

class FramingFields {
 public:
  enum class Verdict : std::uint8_t { absent, length, chunked, malformed, unknown_coding };

  void content_length(std::string_view value) noexcept;
  void transfer_encoding(std::string_view value) noexcept;
  [[nodiscard]] Verdict verdict() const noexcept;
  [[nodiscard]] bool has_transfer_encoding() const noexcept { return coded_; }
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }  // with Verdict::length

 private:
  std::uint64_t length_ = 0;
  bool sized_ = false;  // a Content-Length was seen
  bool coded_ = false;  // a Transfer-Encoding was seen
  bool chunked_ = false;
  bool other_ = false;  // a coding that is not chunked
  bool malformed_ = false;
};

}  // namespace ringside::http1
