// What a page of the API that changes something asks of this node. The page checks the request; the control
// thread carries the order out and answers (control/orders.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/faults.hpp"
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

// What is to be different in what a node says of itself; the rest stays.
struct SelfPatch {
  bool without_labels = false;                                               // all go, before others come
  std::vector<std::pair<std::string, std::optional<std::string>>> labels{};  // by key; nothing: it goes
  std::optional<int> weight{};
};

// An app that registers, with what it says of itself; the rest is as configured.
struct AppEntry {
  std::string id{};
  std::vector<std::pair<std::string, std::string>> settings{};  // "app.address" and its value, as in a file
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
    owners,        // GET /v1/owners/{key}
    reload,        // POST /v1/reload
    log_level,     // PUT /v1/log-level
    keyring,       // GET and POST /v1/keyring, PUT /v1/keyring/primary, DELETE /v1/keyring/{id}
    self,          // PATCH /v1/self
    app,           // PUT /v1/app
    no_app,        // DELETE /v1/app
    fault,         // PUT /v1/faults/{peer}
    no_fault,      // DELETE /v1/faults/{peer}
  };
  Kind kind = Kind::drain;
  std::optional<Millis> timeout{};   // of drain and leave; none: drain.timeout
  std::string member{};              // of evict: its address
  std::vector<std::string> peers{};  // of join, as seeds are written
  std::string key{};                 // of owners
  obs::Level level{};                // of log_level
  KeyringVerb keyring{};             // of keyring
  SelfPatch self{};                  // of self
  AppEntry app{};                    // of app
  std::string peer{};                // of fault and no_fault: an address, or * for all others
  Fault fault{};                     // of fault
};

}  // namespace ringside::api
