// A tiny app, for a first look and for `ringside dev`: answers each request with JSON that says what reached
// whom. Bodies are counted and dropped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/address.hpp"
#include "proto/http1/parser.hpp"

namespace ringside::run {

// One connection as a value: bytes in, bytes out.
class EchoConnection {
 public:
  explicit EchoConnection(std::string_view app_name) : app_name_(app_name) {}
  // Answers what is complete. `bytes` need not end with a request.
  void receive(std::string_view bytes);
  [[nodiscard]] const std::string& output() const { return output_; }
  void sent(std::size_t bytes) { output_.erase(0, bytes); }
  [[nodiscard]] bool closing() const { return closing_; }  // once the output is sent

 private:
  bool read_head();
  bool read_body();
  void respond(int status, std::string_view body);

  std::string app_name_;
  std::string input_, output_;
  http1::RequestParser parser_;
  http1::BodyReader body_;
  std::string said_;  // of the request whose body is being read: the answer without its end
  std::uint64_t body_bytes_ = 0;
  bool in_body_ = false, keep_alive_ = true, to_head_ = false, to_http10_ = false, closing_ = false;
};

// Serves until it is killed, on the calling thread; returns one sentence when it cannot.
[[nodiscard]] std::string serve_echo(const Address&, const std::string& app_name);

}  // namespace ringside::run
