// Messages and notices as one word for the trace hash and as one line for people.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/swim/notice.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::sim {

// How many records it carries and which checksum: if two runs differ in what a node knows, this differs.
[[nodiscard]] std::uint64_t fingerprint(const ringpop::Request& request);
[[nodiscard]] std::uint64_t fingerprint(const ringpop::Response& response);

[[nodiscard]] std::string describe(const ringpop::Request& request);
[[nodiscard]] std::string describe(const ringpop::Response& response);
[[nodiscard]] std::string describe(const swim::Notice& notice);

}  // namespace ringside::sim
