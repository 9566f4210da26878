#include "daemon/run/run.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>

namespace ringside::run {
namespace {

using namespace std::chrono_literals;

// For what the app has started to be gone once it was killed, and collected by whoever has to.
constexpr auto group_end_time = 1s;

// What ends us in order, and what is passed on.
constexpr std::array ours{SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

class Runner {
 public:
  Runner(const Command& daemon, const Command& app, const Supervisor::Settings& settings, Slot* slot,
         std::ostream& err)
      : daemon_command_(daemon), app_command_(app), supervisor_(settings), slot_(slot), err_(err) {}

  int run() {
    const int signals = take_signals(ours);
    // What the app leaves behind becomes ours: it is collected, and told to end with the app.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    tell([](Supervisor& core, Instant now, Outbox& out) { core.start(now, out); });
    while (!code_) wait(signals);
    if (app_ != 0) signal_group(app_, SIGKILL);
    ::close(signals);
    return *code_;
  }

 private:
  void wait(int signals) {
    std::array<pollfd, 2> sources{pollfd{signals, POLLIN, 0},
                                  {slot_ == nullptr ? -1 : slot_->watch(), POLLIN, 0}};
    const Instant next = std::min(supervisor_.next_deadline(), group_deadline_);
    int timeout = -1;
    if (next != never)
      timeout = static_cast<int>(std::clamp<Duration>(next - Clock::now(), 0s, 1h) / 1ms) + 1;
    ::poll(sources.data(), sources.size(), timeout);
    if (sources[0].revents != 0) read_signals(signals);
    if (sources[1].revents != 0) {
      slot_->drain_watch();
      slot_->write_seeds(slot_->instances());
    }
    if (group_deadline_ <= Clock::now()) app_is_gone();
    if (supervisor_.next_deadline() <= Clock::now())
      tell([](Supervisor& core, Instant now, Outbox& out) { core.on_deadline(now, out); });
  }

  void read_signals(int signals) {
    signalfd_siginfo info{};
    while (::read(signals, &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) {
        reap([this](pid_t pid, End end) { on_end(pid, end); });
      } else {
        tell([number](Supervisor& core, Instant now, Outbox& out) { core.on_signal(now, number, out); });
      }
    }
  }

  void on_end(pid_t pid, End end) {
    if (pid == daemon_) {
      daemon_ = 0;
      ended(Child::daemon, end);
    } else if (pid == app_) {
      app_end_ = end;
    }
    if (app_end_) end_of_app();
  }

  // The app has ended when all that it has started has: a shell that is told to end does not wait for the
  // program it runs. Who did not hear that from us gets no time.
  void end_of_app() {
    if (!group_lives(app_)) return app_is_gone();
    if (!app_told_) kill_app();
    if (app_killed_ && group_deadline_ == never) group_deadline_ = Clock::now() + group_end_time;
  }

  void kill_app() {
    app_told_ = app_killed_ = true;
    signal_group(app_, SIGKILL);
  }

  void app_is_gone() {
    app_ = 0;
    group_deadline_ = never;
    const End end = *app_end_;
    app_end_.reset();
    ended(Child::app, end);
  }

  void ended(Child child, End end) {
    tell([child, end](Supervisor& core, Instant now, Outbox& out) { core.on_ended(now, child, end, out); });
  }

  template <class Input>
  void tell(const Input& input) {
    Outbox out;
    input(supervisor_, Clock::now(), out);
    for (const Action& action : out) std::visit([this](const auto& each) { this->perform(each); }, action);
  }

  void perform(const Start& start) {
    const bool is_daemon = start.child == Child::daemon;
    const Command& command = is_daemon ? daemon_command_ : app_command_;
    const auto started = start_process(command);
    if (!started) {
      perform(Say{command.words.front() + " cannot be started: " + started.error().message()});
      return ended(start.child, {code_of(started.error()), false});
    }
    (is_daemon ? daemon_ : app_) = *started;
    if (!is_daemon) app_told_ = app_killed_ = false;
  }

  void perform(const Signal& signal) {
    if (signal.child == Child::daemon) {
      if (daemon_ != 0) signal_process(daemon_, signal.number);
      return;
    }
    if (app_ == 0) return;
    if (signal.number == SIGKILL) {
      kill_app();
      if (app_end_) end_of_app();
      return;
    }
    if (signal.number != SIGTERM) return signal_process(app_, signal.number);
    app_told_ = true;
    signal_group(app_, SIGTERM);
  }

  void perform(const Say& say) { err_ << "ringside: " << say.text << "\n" << std::flush; }

  void perform(const Exit& exit) { code_ = exit.code; }

  const Command& daemon_command_;
  const Command& app_command_;
  Supervisor supervisor_;
  Slot* slot_;
  std::ostream& err_;
  pid_t daemon_ = 0, app_ = 0;
  bool app_told_ = false;  // to end
  bool app_killed_ = false;
  std::optional<End> app_end_;  // of its first process, while others of its group live
  // A dead process counts as one of the group until its parent collects it, and that may be none of ours:
  // there is an end to waiting.
  Instant group_deadline_ = never;
  std::optional<int> code_;
};

}  // namespace

int run_both(const Command& daemon, const Command& app, const Supervisor::Settings& settings, Slot* slot,
             std::ostream& err) {
  return Runner(daemon, app, settings, slot, err).run();
}

}  // namespace ringside::run
