// Which address we give to peers: what they dial, and the key of our row in every member list. Called once at
// start, on the control thread, before anything is served.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"

namespace ringside::control {

// `configured` is the option `advertise`; when it is empty the listening address is taken, and when that is a
// wildcard the address of ours that the kernel would use towards the first seed that is a literal, else
// towards the default route, else the first interface that is not loopback. Always ip:port: names would be
// another row than the address they stand for. The error is one sentence with the remedy.
[[nodiscard]] Result<Address, std::string> advertised_address(const std::string& configured,
                                                              const Address& listening,
                                                              const std::vector<std::string>& seeds);

}  // namespace ringside::control
