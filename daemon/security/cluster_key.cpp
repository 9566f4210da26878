#include "daemon/security/cluster_key.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/security/secret.hpp"

namespace ringside::security {
namespace {

constexpr std::size_t id_digits = 8;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool parse_hex(std::string_view text, std::array<unsigned char, 32>& bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

std::string id_of(const std::array<unsigned char, 32>& bytes) {
  const auto digest = sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return hex(digest).substr(0, id_digits);
}

}  // namespace

Result<ClusterKeys, std::string> parse_cluster_keys(std::string_view text) {
  ClusterKeys keys;
  for (const auto& [number, line] : secret_lines(text)) {
    const std::string where = "line " + std::to_string(number);
    ClusterKey key;
    if (!parse_hex(line, key.bytes))
      return where + " is no key of 64 hex digits; `ringside keygen` makes one";
    key.id = id_of(key.bytes);
    if (std::ranges::any_of(keys, [&](const auto& known) { return known.id == key.id; }))
      return where + " repeats the key " + key.id + "; leave one of them out";
    if (keys.size() == limits::cluster_keys)
      return "there are more than " + std::to_string(limits::cluster_keys) +
             " keys; remove those that no member dials with any more";
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return std::string("there is no key in it; `ringside keygen` makes one");
  return keys;
}

std::string new_key_text() {
  return hex(random_bytes<32>()) + "\n";
}

}  // namespace ringside::security
