#include "daemon/base/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace ringside {
namespace {

// The first `count` bits of the two are the same.
bool same_start(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, int count) {
  for (int i = 0; count > 0; ++i, count -= 8) {
    const auto mask = static_cast<std::uint8_t>(count >= 8 ? 0xff : 0xff << (8 - count));
    const auto at = static_cast<std::size_t>(i);
    if (((a[at] ^ b[at]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

Network::Bits Network::bits_of(const std::string& address) noexcept {
  Bits bits;
  if (::inet_pton(AF_INET, address.c_str(), bits.bytes.data()) == 1) {
    bits.size = 32;
  } else if (::inet_pton(AF_INET6, address.c_str(), bits.bytes.data()) == 1) {
    bits.size = 128;
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped.begin(), mapped.end(), bits.bytes.begin())) {
      std::copy(bits.bytes.begin() + 12, bits.bytes.end(), bits.bytes.begin());
      std::fill(bits.bytes.begin() + 4, bits.bytes.end(), std::uint8_t{0});
      bits.size = 32;
    }
  }
  return bits;
}

Result<Network, std::string> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const std::string shown = "'" + std::string(text) + "'";
  Network network;
  network.base_ = bits_of(address);
  if (network.base_.size == 0)
    return shown + " is not a network, e.g. 10.0.0.0/8, 2001:db8::/32 or a single address";
  network.prefix_ = network.base_.size;
  if (slash == std::string_view::npos) return network;
  const auto length = text.substr(slash + 1);
  const auto [end, ec] = std::from_chars(length.data(), length.data() + length.size(), network.prefix_);
  if (length.empty() || ec != std::errc{} || end != length.data() + length.size() || network.prefix_ < 0 ||
      network.prefix_ > network.base_.size)
    return shown + " needs a prefix of 0 to " + std::to_string(network.base_.size) + " bits behind the slash";
  Bits zero;
  auto rest = network.base_.bytes;
  for (int i = 0; i < network.prefix_; ++i)
    rest[static_cast<std::size_t>(i / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (i % 8)));
  if (!same_start(rest, zero.bytes, network.base_.size))
    return shown + " has bits set behind its prefix of " + std::to_string(network.prefix_);
  return network;
}

bool Network::contains(const std::string& address) const noexcept {
  const Bits bits = bits_of(address);
  return bits.size == base_.size && bits.size != 0 && same_start(bits.bytes, base_.bytes, prefix_);
}

bool is_plain_unicast(const std::string& address) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!v4 && ::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  if (address != text.data()) return false;
  if (v4) return bytes[0] != 0 && bytes[0] < 224 && !(bytes[0] == 169 && bytes[1] == 254);
  const bool link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  return bytes[0] != 0xff && !link_local && address != "::" && !address.starts_with("::ffff:");
}

}  // namespace ringside
