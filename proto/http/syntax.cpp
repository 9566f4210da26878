#include "proto/http/syntax.hpp"

#include <algorithm>

#include "proto/http/message.hpp"

namespace ringside::http {
namespace {

bool is_port(std::string_view port) noexcept {
  if (port.empty()) return true;  // "a:" is allowed by RFC 3986 3.2.3
  if (port.size() > 5 || !all_of(port, digit_byte)) return false;
  unsigned number = 0;
  for (const char c : port) number = number * 10 + static_cast<unsigned>(c - '0');
  return number <= 65535;
}

// The bytes of an IPv6 address; whether it is one is for those who look it up.
bool is_ip_literal(std::string_view text) noexcept {
  return std::ranges::count(text, ':') >= 2 &&
         std::ranges::all_of(text, [](char c) { return is(c, hex_byte) || c == ':' || c == '.'; });
}

bool is_reg_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is(name[i], host_byte)) continue;
    if (name[i] != '%' || i + 2 >= name.size()) return false;
    if (!is(name[i + 1], hex_byte) || !is(name[i + 2], hex_byte)) return false;
    i += 2;
  }
  return !name.empty();
}

}  // namespace

bool is_authority(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_ip_literal(text.substr(1, end - 1))) return false;
    const auto rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return is_reg_name(text);
  return is_reg_name(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view next_element(std::string_view& list) noexcept {
  const auto comma = list.find(',');
  const auto element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return trim(element);
}

bool is_reserved_twin(std::string_view name) noexcept {
  if (name.find('_') == std::string_view::npos) return false;
  const auto same = [](char a, char b) {
    if (a == '_') a = '-';
    if (a >= 'A' && a <= 'Z') a = static_cast<char>(a + ('a' - 'A'));
    return a == b;
  };
  const auto begins = [&](std::string_view reserved) {
    return name.size() >= reserved.size() && std::equal(reserved.begin(), reserved.end(), name.begin(),
                                                        [&](char b, char a) { return same(a, b); });
  };
  for (const std::string_view prefix : {"ringside-", "x-forwarded-"}) {
    if (begins(prefix)) return true;
  }
  for (const std::string_view whole :
       {"content-length", "transfer-encoding", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "http2-settings"}) {
    if (name.size() == whole.size() && begins(whole)) return true;
  }
  return false;
}

}  // namespace ringside::http
