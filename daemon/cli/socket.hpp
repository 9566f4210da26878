// A connected stream socket with a deadline on everything it does. Blocking, for the command line only.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"

namespace ringside::cli {

class Socket {
 public:
  // Dials every address the host name has, in order, until one answers. The error is errno's, or of the
  // resolver.
  [[nodiscard]] static Result<Socket> dial(const Address&, Instant deadline);

  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  [[nodiscard]] Result<void> write(std::string_view bytes, Instant deadline);
  // Appends what has come to `buffer`; 0 at the end of the stream.
  [[nodiscard]] Result<std::size_t> read(std::string& buffer, Instant deadline);

 private:
  explicit Socket(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace ringside::cli
