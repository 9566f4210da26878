// The rules: "The PROXY protocol, versions 1 & 2" (haproxy.org), sections 2.1 and 2.2.
#include "proto/proxy_protocol/header.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace ringside::proxy_protocol {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view text_start = "PROXY ";
constexpr std::size_t text_bytes_max = 107;  // with its CRLF
constexpr std::string_view binary_start = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t binary_fixed_bytes = 16;

using From = Header::From;

constexpr Refusal no_header{"it does not begin with a PROXY header"};

// Whether this may become it, or is it.
bool begins_like(std::string_view bytes, std::string_view start) {
  return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

// An IPv4 address that is written as one of IPv6 (::ffff:192.0.2.1) is the IPv4 address that it is.
std::string print(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* bytes = static_cast<const unsigned char*>(address);
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family == AF_INET6 && std::equal(mapped.begin(), mapped.end(), bytes))
    return print(AF_INET, bytes + mapped.size());
  return ::inet_ntop(family, address, text.data(), text.size()) == nullptr ? "" : text.data();
}

// As it is written everywhere else; empty: this is no such address.
std::string canonical(int family, const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(family, text.c_str(), bytes.data()) == 1 ? print(family, bytes.data()) : "";
}

std::string_view next_word(std::string_view& text) {
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

Step read_text(std::string_view bytes) {
  const auto end = bytes.substr(0, text_bytes_max).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() < text_bytes_max) return NeedMore{};
    return Refusal{"its PROXY line is longer than 107 bytes"};
  }
  auto line = bytes.substr(text_start.size(), end - text_start.size());
  const auto protocol = next_word(line);
  if (protocol == "UNKNOWN") return Header{end + 2, From::unknown, ""};
  const bool v6 = protocol == "TCP6";
  if (!v6 && protocol != "TCP4") return Refusal{"its PROXY line is for no protocol that is known here"};
  auto source = canonical(v6 ? AF_INET6 : AF_INET, std::string(next_word(line)));
  if (source.empty()) return Refusal{"its PROXY line names no address of the client"};
  return Header{end + 2, From::client, std::move(source)};
}

Step read_binary(std::string_view bytes) {
  if (bytes.size() < binary_fixed_bytes) return NeedMore{};
  const auto byte = [bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const unsigned version = byte(12) >> 4, command = byte(12) & 0xfU, family = byte(13) >> 4;
  const std::size_t length = std::size_t{byte(14)} << 8 | byte(15);
  if (version != 2) return Refusal{"its PROXY header has a version that is not known here"};
  if (command > 1) return Refusal{"its PROXY header holds no known command"};
  if (binary_fixed_bytes + length > header_bytes_max) return Refusal{"its PROXY header is too long"};
  if (bytes.size() < binary_fixed_bytes + length) return NeedMore{};
  const bool local = command == 0;
  Header header{binary_fixed_bytes + length, local ? From::balancer : From::unknown, ""};
  constexpr std::size_t v4_addresses = 12, v6_addresses = 36;  // both sides' with their ports
  const char* source = bytes.data() + binary_fixed_bytes;
  if (local || (family != 1 && family != 2)) return header;
  if (length < (family == 1 ? v4_addresses : v6_addresses))
    return Refusal{"its PROXY header is too short for its addresses"};
  header.from = From::client;
  header.source = print(family == 1 ? AF_INET : AF_INET6, source);
  return header;
}

}  // namespace

Step read_header(std::string_view bytes) {
  if (begins_like(bytes, binary_start)) return read_binary(bytes);
  if (!begins_like(bytes, text_start)) return no_header;
  return bytes.size() < text_start.size() ? Step(NeedMore{}) : read_text(bytes);
}

}  // namespace ringside::proxy_protocol
