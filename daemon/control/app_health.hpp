// Is the app there? A value that is told what the probes found and when, and says what follows. Control
// thread.
//
//   starting --pass--> up --fail times--> restarting --app.grace--> down
//                       ^--------pass---------'                      |
//                       '----------------------pass------------------'
//
// While the app restarts its member keeps its place and requests wait for it (worker/waiting_room); in `down`
// and `starting` it has none. Probes come every interval while the app is up, and fast as soon as a
// connection was refused or the app is known to be down, so that neither its death nor its return is seen
// late.
#pragma once

#include <string>

#include "daemon/api/view.hpp"
#include "daemon/base/time.hpp"
#include "daemon/config/config.hpp"

namespace ringside::control {

// How a probe ended.
struct Probed {
  bool passed = false;
  bool refused = false;  // nobody listens: this needs no patience
  std::string why;       // it failed
};

class AppHealth {
 public:
  AppHealth(const config::AppSettings&, Now);

  // The app is another one from now on, or asked for in another way, or there is none any more (an empty
  // address). One that was up is taken to restart: its member keeps its place while the new one is looked
  // for.
  void move(const config::AppSettings&, Now);

  // Both tell whether app() is another one now.
  [[nodiscard]] bool on_probe(Now, Probed);
  [[nodiscard]] bool on_time(Now);  // call it when next_deadline() is reached
  // A request found nobody listening: the next probe is due at once, and if it finds the app all the same,
  // that is news too.
  void on_refused(Now);

  // Whether a probe is due; one that is handed out counts as under way until on_probe().
  [[nodiscard]] bool take_probe(Now);
  [[nodiscard]] Instant next_deadline() const;

  [[nodiscard]] const api::AppView& app() const { return app_; }
  // Whether the member may stand in the ring.
  [[nodiscard]] bool has_place() const;

 private:
  void take(const config::AppSettings&, Now);
  void enter(api::AppState, Now, std::string why);

  Millis interval_{}, grace_{};
  int fail_ = 0, pass_ = 0;
  api::AppView app_;
  int failed_ = 0, passed_ = 0;  // in a row
  Instant first_failure_{};
  bool under_way_ = false;
  bool asked_ = false;  // by a request that was refused, and not answered yet
  bool again_ = false;  // asked while a probe was under way, which may have seen what was before
  Instant next_probe_ = never;
  Instant grace_ends_ = never;
};

}  // namespace ringside::control
