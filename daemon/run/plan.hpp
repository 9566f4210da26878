// What `ringside run` starts: the flags of the daemon, the environment of the app. Pure but for the ports,
// which somebody else looks for.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/config/load.hpp"

namespace ringside::run {

struct Plan {
  std::string name;  // of the member
  std::string api;   // as RINGSIDE_ADDR holds it: http://127.0.0.1:7600 or unix:///path
  std::string peer;  // host:port for other instances on this machine
  std::string app;   // its address
  std::vector<std::string> daemon_arguments;  // behind `ringside agent`
  config::Environment app_environment;
};

struct Wishes {
  std::span<const std::string> arguments;  // flags of `ringside agent`, as they were given
  const config::Loaded& loaded;            // what they and the environment come to
  const config::Environment& environment;
  std::string app_id;
  std::string host;        // the host's name
  int slot = 1;            // from 1
  std::string seeds_file;  // of the slot; empty: there is none
  std::string data_dir{};  // the same
};

struct Ports {
  std::function<bool(std::uint16_t)> is_free;
  std::function<std::uint16_t()> any;
};

// What the user has set stays; the rest follows from the slot: slot 2 is HOST-2 with ports 7602 and 7603, or
// others where these are taken. The error is one sentence.
[[nodiscard]] Result<Plan, std::string> make_plan(const Wishes&, const Ports&);

// Whether the other instances on this machine are this one's seeds: unless the user named some.
[[nodiscard]] bool finds_by_itself(const config::Loaded&);

// Whether the slot's folder is where this one keeps what outlives it: unless the user named another.
[[nodiscard]] bool keeps_by_itself(const config::Loaded&);

// Text as a member's name or an app-id may be written: other characters become '-', at most `most` are kept.
[[nodiscard]] std::string plain(std::string_view text, std::size_t most);

}  // namespace ringside::run
