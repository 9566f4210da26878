// What `ringside run` decides: a daemon and an app that live and end together. A value: it is told what
// happened and when, and puts what is to be done into an outbox; run.cpp has the processes, signals and
// clock.
//
//   running   both are up, or one of them waits to be started again (--restart)
//   orphaned  the daemon is dead for good: the app has `grace` left, since nothing brings it requests any
//   more draining  we were told to end: the daemon hands its keys over and finishes what is under way, the
//   app serves leaving   the app has ended by itself: the daemon tells the others and goes stopping  the
//   daemon is gone: the app was told to end over
//
// A wait for a child that should end is bounded; behind the bound stands SIGKILL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::run {

enum class Child : std::uint8_t { daemon, app };

// How a child ended.
struct End {
  int code = 0;         // as a shell has it: the exit code, or 128 + the signal's number
  bool started = true;  // false: it could not even be started, and code is 126 or 127
};

[[nodiscard]] std::string describe(End);  // "has ended with exit code 3"

struct Start {
  Child child;
  friend bool operator==(const Start&, const Start&) = default;
};
struct Signal {
  Child child;
  int number;
  friend bool operator==(const Signal&, const Signal&) = default;
};
struct Say {  // to whoever looks at the terminal or the container's log
  std::string text;
  friend bool operator==(const Say&, const Say&) = default;
};
struct Exit {
  int code;
  friend bool operator==(const Exit&, const Exit&) = default;
};
using Action = std::variant<Start, Signal, Say, Exit>;
using Outbox = std::vector<Action>;

// The exit code when it was the daemon that failed: of `env`, `timeout` and `docker run` for the same.
inline constexpr int daemon_failed = 125;

class Supervisor {
 public:
  struct Settings {
    bool restart = false;          // a child that ends is started again
    Millis drain_timeout{30'000};  // for the daemon's drain, and once more for the app's end
    Millis grace{5000};            // of an app whose daemon is dead
  };
  explicit Supervisor(const Settings&);

  void start(Instant now, Outbox&);
  // SIGTERM and SIGINT end everything in order; a further SIGINT cuts the present wait short. Others are for
  // the app, SIGHUP for the daemon too.
  void on_signal(Instant now, int number, Outbox&);
  void on_ended(Instant now, Child, End, Outbox&);
  void on_deadline(Instant now, Outbox&);
  [[nodiscard]] Instant next_deadline() const;  // `never` when nothing is due

 private:
  enum class Phase : std::uint8_t { running, orphaned, draining, leaving, stopping, over };
  struct Half {
    bool up = false;
    Instant started{};
    Instant again = never;  // when it is started again
    Millis pause{};
  };
  Half& half(Child child) { return halves_[static_cast<std::size_t>(child)]; }
  void begin(Instant now, Child, Outbox&);
  bool begin_later(Instant now, Child, End, Outbox&);
  void daemon_ended(Instant now, End, Outbox&);
  void app_ended(Instant now, End, Outbox&);
  void end_daemon(Instant now, Phase, Outbox&);
  void end_app(Instant now, Outbox&);
  void end_wait(Instant now, Outbox&);
  void finish(Outbox&);

  Settings settings_;
  Phase phase_ = Phase::running;
  Instant deadline_ = never;  // of the phase
  std::array<Half, 2> halves_;
  std::optional<int> code_;
};

}  // namespace ringside::run
