// A connected stream socket, plain or in TLS, with a deadline on everything it does. Blocking, for the
// command line only.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"
#include "daemon/security/tls.hpp"

namespace ringside::cli {

// Where a server is, and what its certificate is judged by; null: it is spoken to without TLS.
struct Endpoint {
  Address address;
  security::TlsPtr tls = nullptr;
};

class Socket {
 public:
  // Dials every address the host name has, in order, until one answers. The error is errno's, of the resolver
  // or of TLS; `why` then says more of the latter.
  [[nodiscard]] static Result<Socket> dial(const Endpoint&, Instant deadline, std::string& why);

  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  [[nodiscard]] Result<void> write(std::string_view bytes, Instant deadline);
  // Appends what has come to `buffer`; 0 at the end of the stream.
  [[nodiscard]] Result<std::size_t> read(std::string& buffer, Instant deadline);

 private:
  explicit Socket(int fd) : fd_(fd) {}
  [[nodiscard]] Result<void> shake_hands(const Endpoint&, Instant deadline, std::string& why);
  [[nodiscard]] Result<void> send(std::string_view bytes, Instant deadline);
  [[nodiscard]] Result<std::size_t> receive(std::string& buffer, Instant deadline);

  int fd_;
  security::TlsSessionPtr tls_;  // none: plain
};

}  // namespace ringside::cli
