// What a page of the API that changes something asks of this node. The page checks the request; the control
// thread carries the order out and answers (control/orders.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::api {

// What is to be done to the keys of the cluster (api/keyring.hpp).
struct KeyringVerb {
  enum class Kind : std::uint8_t {
    list,
    install,  // accepted from now on
    use,      // dialled with from now on
    remove,   // not accepted any more
  };
  Kind kind = Kind::list;
  std::string id{};   // of use and remove
  std::string key{};  // of install, as `ringside keygen` writes it. A secret: in no log and no answer
};

struct Order {
  enum class Kind : std::uint8_t {
    drain,         // POST /v1/drain
    cancel_drain,  // DELETE /v1/drain
    leave,         // POST /v1/leave
    evict,         // DELETE /v1/members/{name}
    reap,          // POST /v1/reap
    heal,          // POST /v1/heal
    join,          // POST /v1/join
    partitions,    // GET /v1/partitions
    reload,        // POST /v1/reload
    log_level,     // PUT /v1/log-level
    keyring,       // GET and POST /v1/keyring, PUT /v1/keyring/primary, DELETE /v1/keyring/{id}
  };
  Kind kind = Kind::drain;
  std::optional<Millis> timeout{};   // of drain and leave; none: drain.timeout
  std::string member{};              // of evict: its address
  std::vector<std::string> peers{};  // of join, as seeds are written
  obs::Level level{};                // of log_level
  KeyringVerb keyring{};             // of keyring
};

}  // namespace ringside::api
