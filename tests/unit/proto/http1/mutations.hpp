// Messages and what attacks make of them, for the tests that hold other readers against ours.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/rng.hpp"

namespace ringside::test {

inline const std::vector<std::string> seeds = {
    "GET /p HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n01\r\n!\r\n0\r\nX: "
    "y\r\n\r\nGET",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nabc",
    "PUT http://a/x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: "
    "010\r\n\r\n0123456789abc",
};
inline const std::vector<std::string> reply_seeds = {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP",
    "HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nuntil the end",
};

// What attacks are made of, put in, taken out or over something at a random place.
inline std::string mutate(Rng& rng, std::string bytes) {
  static const std::vector<std::string> pieces = {"\r",
                                                  "\n",
                                                  "\r\n",
                                                  " ",
                                                  "\t",
                                                  "\x0b",
                                                  std::string(1, '\0'),
                                                  ",",
                                                  ";",
                                                  ":",
                                                  "0",
                                                  "5",
                                                  "0x",
                                                  "+",
                                                  "-",
                                                  "_",
                                                  "chunked",
                                                  "identity",
                                                  "\r\n\r\n",
                                                  "\r\n ",
                                                  "\xff",
                                                  "Content-Length: 3\r\n",
                                                  "Transfer-Encoding: chunked\r\n",
                                                  "Content-Length",
                                                  "Host: b\r\n",
                                                  "1.0"};
  for (std::uint64_t i = 1 + rng.below(3); i > 0; --i) {
    const std::size_t at = rng.below(bytes.size() + 1);
    const std::string& piece = pieces[rng.below(pieces.size())];
    switch (rng.below(4)) {
      case 0: bytes.insert(at, piece); break;
      case 1: bytes.replace(at, piece.size(), piece); break;
      case 2: bytes.erase(at, 1 + rng.below(3)); break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
    }
  }
  return bytes;
}

}  // namespace ringside::test
