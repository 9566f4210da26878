// The blocking half of seed resolution: one name looked up by the system's resolver, in a helper thread of
// its own that owns nothing but one end of a socket pair. The answer is text, one line an address, "!" before
// a reason for failing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::net {

struct NameLookup {
  enum class Kind : std::uint8_t {
    host,  // IPv4 addresses, else IPv6 ones: Ringpop's members are ipv4:port
    all,   // both
    srv,   // targets and ports of the SRV records, then their addresses
  };
  Kind kind = Kind::host;
  std::string name;
  std::uint16_t port = 0;
};

// Runs in the helper thread; writes the answer to `fd` and closes it.
void look_up_name(const NameLookup&, int fd);

struct NameAnswer {
  std::vector<std::string> addresses;
  std::string error;
};
NameAnswer read_name_answer(std::string_view text);

}  // namespace ringside::net
