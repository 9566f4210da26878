// The decisions of `ringside run`, input by input.
#include "daemon/run/supervisor.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

using namespace ringside;
using namespace std::chrono_literals;
using run::Child;
using run::End;

namespace {

std::string text_of(const run::Action& action) {
  const auto name = [](Child child) { return child == Child::daemon ? "daemon" : "app"; };
  std::ostringstream out;
  if (const auto* start = std::get_if<run::Start>(&action)) out << "start " << name(start->child);
  if (const auto* sent = std::get_if<run::Signal>(&action)) out << name(sent->child) << " " << sent->number;
  if (const auto* exit = std::get_if<run::Exit>(&action)) out << "exit " << exit->code;
  return out.str();
}

// A supervisor with a clock of its own; each input gives what is done for it, what is said left out.
struct Story {
  explicit Story(bool restart = false) : core({restart, 30s, 5s}) {}

  template <class Input>
  std::string tell(const Input& input) {
    run::Outbox out;
    input(out);
    std::string all;
    for (const auto& action : out)
      if (!std::holds_alternative<run::Say>(action)) all += (all.empty() ? "" : ", ") + text_of(action);
    return all;
  }
  std::string start() {
    return tell([&](auto& out) { core.start(now, out); });
  }
  std::string signal(int number) {
    return tell([&](auto& out) { core.on_signal(now, number, out); });
  }
  std::string ends(Child child, int code = 0) {
    return tell([&](auto& out) { core.on_ended(now, child, {code}, out); });
  }
  std::string after(Duration time) {
    now += time;
    return tell([&](auto& out) { core.on_deadline(now, out); });
  }
  [[nodiscard]] Duration next() const { return core.next_deadline() - now; }

  run::Supervisor core;
  Instant now{1h};
};

}  // namespace

TEST_CASE("run drains first, then ends the app, and passes its code on") {
  for (const int number : {SIGTERM, SIGINT}) {
    Story story;
    CHECK(story.start() == "start daemon, start app");
    CHECK(story.core.next_deadline() == never);
    CHECK(story.signal(number) == "daemon 15");
    CHECK(story.ends(Child::daemon) == "app 15");
    CHECK(story.ends(Child::app, 143) == "exit 143");
    CHECK(story.core.next_deadline() == never);
  }
}

TEST_CASE("an app that ends by itself takes the daemon with it, in order") {
  Story story;
  (void)story.start();
  CHECK(story.ends(Child::app, 3) == "daemon 15");
  CHECK(story.ends(Child::daemon) == "exit 3");
}

TEST_CASE("an app that ends while the daemon drains is not told to") {
  Story story;
  (void)story.start();
  CHECK(story.signal(SIGTERM) == "daemon 15");
  CHECK(story.ends(Child::app, 7).empty());
  CHECK(story.ends(Child::daemon) == "exit 7");
}

TEST_CASE("who does not end is killed: the daemon after drain.timeout and 5 s, the app after drain.timeout") {
  Story story;
  (void)story.start();
  (void)story.signal(SIGTERM);
  CHECK(story.next() == 35s);
  CHECK(story.after(34s).empty());
  CHECK(story.after(1s) == "daemon 9");
  CHECK(story.ends(Child::daemon, 137) == "app 15");
  CHECK(story.next() == 30s);
  CHECK(story.after(30s) == "app 9");
  CHECK(story.ends(Child::app, 137) == "exit 137");
}

TEST_CASE("a second SIGTERM changes nothing, a second SIGINT ends the wait") {
  Story story;
  (void)story.start();
  (void)story.signal(SIGTERM);
  CHECK(story.signal(SIGTERM).empty());
  CHECK(story.signal(SIGINT) == "daemon 9");
  CHECK(story.ends(Child::daemon, 137) == "app 15");
  CHECK(story.signal(SIGTERM).empty());
  CHECK(story.signal(SIGINT) == "app 9");
  CHECK(story.ends(Child::app, 137) == "exit 137");
}

TEST_CASE(
    "a daemon that dies: the app is told to end after the grace, and the code says whose fault it was") {
  Story story;
  (void)story.start();
  CHECK(story.ends(Child::daemon, 139).empty());
  CHECK(story.next() == 5s);
  CHECK(story.after(5s) == "app 15");
  CHECK(story.ends(Child::app, 0) == "exit 125");

  Story asked;  // to end, in the grace
  (void)asked.start();
  (void)asked.ends(Child::daemon, 1);
  CHECK(asked.signal(SIGTERM) == "app 15");
  CHECK(asked.ends(Child::app, 143) == "exit 125");

  Story both;
  (void)both.start();
  (void)both.ends(Child::daemon, 1);
  CHECK(both.ends(Child::app, 0) == "exit 125");
}

TEST_CASE("with --restart a child is started again, later each time, until it has run for a while") {
  Story story(true);
  (void)story.start();
  for (const auto pause : {200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10'000ms, 10'000ms}) {
    CHECK(story.ends(Child::app, 1).empty());
    CHECK(story.next() == pause);
    CHECK(story.after(pause - 1ms).empty());
    CHECK(story.after(1ms) == "start app");
  }
  CHECK(story.after(10s).empty());
  (void)story.ends(Child::app, 1);
  CHECK(story.next() == 200ms);
  CHECK(story.ends(Child::daemon, 1).empty());
  CHECK(story.after(200ms) == "start daemon, start app");
}

TEST_CASE("what waits to be started again is not started when all is told to end") {
  Story story(true);
  (void)story.start();
  (void)story.ends(Child::app, 1);
  CHECK(story.signal(SIGTERM) == "daemon 15");
  CHECK(story.after(1s).empty());
  CHECK(story.ends(Child::daemon) == "exit 0");
}

TEST_CASE("an app that cannot be started is not tried again") {
  Story story(true);
  (void)story.start();
  run::Outbox out;
  story.core.on_ended(story.now, Child::app, End{127, false}, out);
  CHECK(std::get<run::Signal>(out.back()) == run::Signal{Child::daemon, SIGTERM});
  CHECK(story.ends(Child::daemon) == "exit 127");
}

TEST_CASE("other signals are for the app, SIGHUP for the daemon too") {
  Story story;
  (void)story.start();
  CHECK(story.signal(SIGUSR1) == "app " + std::to_string(SIGUSR1));
  CHECK(story.signal(SIGHUP) == "daemon 1, app 1");
  (void)story.signal(SIGTERM);
  (void)story.ends(Child::daemon);
  CHECK(story.signal(SIGHUP) == "app 1");
}
