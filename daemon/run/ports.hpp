// Ports of the loopback that nobody listens on, for children that are about to. Between the look and the bind
// somebody else may take one: the child then says so and ends.
#pragma once

#include <cstdint>

namespace ringside::run {

[[nodiscard]] bool port_is_free(std::uint16_t port);
// Outside the range that outgoing connections take theirs from, so that it is still free when the app is
// started again. 0 when there is none.
[[nodiscard]] std::uint16_t free_port();

}  // namespace ringside::run
