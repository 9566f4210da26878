// Two ends of a TLS connection without a socket between them, and an end of raw OpenSSL that breaks the
// rules.
#pragma once

#include <openssl/ssl.h>

#include <catch2/catch.hpp>
#include <string>

#include "daemon/security/secret.hpp"
#include "daemon/security/tls.hpp"

namespace ringside::security::test {

inline ClusterKeys keys_of(std::initializer_list<char> digits) {
  std::string text;
  for (const char digit : digits) text += std::string(64, digit) + "\n";
  return *parse_cluster_keys(text);
}

// Carries bytes until neither side has any more, at most `piece` at once.
inline void shuttle(TlsSession& one, TlsSession& other, std::size_t piece = 1 << 20) {
  for (int quiet = 0; quiet < 2;) {
    quiet = 0;
    for (auto [from, to] : {std::pair{&one, &other}, std::pair{&other, &one}}) {
      std::string bytes;
      from->take_output(bytes);
      quiet += bytes.empty() ? 1 : 0;
      for (std::size_t at = 0; at < bytes.size(); at += piece)
        to->receive(std::string_view(bytes).substr(at, piece));
    }
  }
}

inline std::string read_all(TlsSession& from) {
  std::string all;
  char buffer[1000];
  while (const auto count = from.read(buffer, sizeof buffer)) all.append(buffer, count);
  return all;
}

}  // namespace ringside::security::test
