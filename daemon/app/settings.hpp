// The configuration of a running daemon: what is in force, and how a reload changes it. A reload reads file,
// environment and flags as the start did and is refused as a whole if anything is wrong. What the option
// table calls live is taken at once; the rest waits for a restart. Main thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/settings_orders.hpp"
#include "daemon/app/secrets.hpp"
#include "daemon/config/load.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::app {

[[nodiscard]] obs::Level log_level(config::LogLevel) noexcept;
// The host's name if the configuration has none for the node.
void name_node(config::Config&);

class Settings {
 public:
  struct Sources {
    std::vector<std::string> arguments;
    config::Environment environment;
    config::FileReader read_file;
  };
  struct Host {
    std::function<void(Secrets)> use_secrets;
    std::function<void(const config::Config&)> show;  // what is in force has changed
    // The address of a member that runs Ringpop and is in the ring; empty: there is none.
    std::function<std::string()> ringpop_member;
  };
  Settings(Sources, config::Loaded in_force);

  // Whatever changes goes there from now on.
  void serve(Host);
  // `by` is for the log: SIGHUP, or the request. Both tell the same.
  api::Response reload(std::string_view by);
  api::Response set_log_level(obs::Level);
  [[nodiscard]] const config::Config& in_force() const noexcept { return in_force_.config; }
  // What an app that registers wants, on top of what is configured. The errors are lines, as of a reload.
  [[nodiscard]] Result<config::AppSettings, std::vector<std::string>> read_app(const api::AppEntry&) const;

 private:
  // Empty: it fits the members there are.
  [[nodiscard]] std::string beside_ringpop(const config::Config& wanted) const;
  api::Response refuse(std::string_view by, std::vector<std::string> errors);

  Sources sources_;
  config::Loaded in_force_;
  Host host_;
};

}  // namespace ringside::app
