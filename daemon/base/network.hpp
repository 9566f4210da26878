// A range of IP addresses as it is written in settings: 10.0.0.0/8, 2001:db8::/32, or one address alone. Used
// to tell connections of known machines from those of others.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace ringside {

class Network {
 public:
  // The error is one sentence. Bits behind the prefix must be 0: 10.0.0.1/8 is a slip of the pen.
  [[nodiscard]] static Result<Network, std::string> parse(std::string_view text);
  // `address` is numeric, without brackets and port. What is no address is in no network. An IPv4 address is
  // in no IPv6 network, unless it is written ::ffff:10.0.0.1, which counts as the IPv4 address it is.
  [[nodiscard]] bool contains(const std::string& address) const noexcept;

 private:
  struct Bits {
    std::array<std::uint8_t, 16> bytes{};
    int size = 0;  // in bits: 32 or 128; 0: no address
  };
  static Bits bits_of(const std::string& address) noexcept;
  Bits base_;
  int prefix_ = 0;
};

// An IP address of one machine that others can dial, as the system writes it: not 127.1, not ::ffff:10.0.0.1,
// which are second spellings; nor 0.0.0.0, which is whoever asks, a group's, or one of a single cable.
[[nodiscard]] bool is_plain_unicast(const std::string& address) noexcept;

}  // namespace ringside
