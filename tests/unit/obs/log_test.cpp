// The log as a whole: levels, order, the flush at the end, and that a reader who stalls costs lines, not
// time.
#include "daemon/obs/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sstream>
#include <thread>

using namespace ringside::obs;

namespace {

// stderr as a pipe for as long as it lives.
class StderrPipe {
 public:
  StderrPipe() : saved_(dup(STDERR_FILENO)) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    read_end_ = ends[0];
  }
  ~StderrPipe() {
    restore();
    close(read_end_);
  }
  void restore() {
    if (saved_ < 0) return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }
  // Until the last writer is gone.
  std::string read_all() const {
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = read(read_end_, piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(n));
    return text;
  }

 private:
  int saved_;
  int read_end_ = -1;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the log writes what its level lets through, in order, and stop flushes") {
  StderrPipe pipe;
  start_log(Level::info, false);
  CHECK(log_enabled(Level::info));
  CHECK_FALSE(log_enabled(Level::debug));
  log(Level::debug, "too_low");
  log(Level::info, "first", {{"n", 1}});
  set_log_level(Level::debug);
  log(Level::debug, "second", {{"text", "a\nforged"}});
  stop_log();
  CHECK_FALSE(log_enabled(Level::error));
  log(Level::error, "after_the_end");
  pipe.restore();
  const auto lines = lines_of(pipe.read_all());
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Catch::EndsWith("Z info first n=1"));
  CHECK_THAT(lines[1], Catch::EndsWith(R"(Z debug second text="a\nforged")"));
}

TEST_CASE("the log writes JSON when asked") {
  StderrPipe pipe;
  start_log(Level::warn, true);
  log(Level::warn, "event", {{"ok", false}});
  stop_log();
  pipe.restore();
  CHECK_THAT(pipe.read_all(), Catch::EndsWith(R"("level":"warn","event":"event","ok":false})"
                                              "\n"));
}

TEST_CASE("percent signs and braces in a value are only text") {
  StderrPipe pipe;
  start_log(Level::info, false);
  log(Level::info, "event", {{"value", "{}%s%n{0}"}});
  stop_log();
  pipe.restore();
  CHECK_THAT(pipe.read_all(), Catch::EndsWith(" event value={}%s%n{0}\n"));
}

TEST_CASE("a reader that stalls loses lines, which are counted, and holds nobody up") {
  constexpr int sent = 20'000;  // far more than the queue and a pipe hold
  const auto dropped_before = log_lines_dropped();
  StderrPipe pipe;
  start_log(Level::info, false);
  const std::string filler(200, 'x');
  for (int i = 0; i < sent; ++i) log(Level::info, "event", {{"n", i}, {"filler", filler}});
  const auto dropped = log_lines_dropped() - dropped_before;
  CHECK(dropped > 0);
  std::string text;
  std::thread reader([&] { text = pipe.read_all(); });
  stop_log();
  pipe.restore();
  reader.join();
  const auto lines = lines_of(text);
  CHECK(lines.size() + (log_lines_dropped() - dropped_before) == sent);
  REQUIRE_FALSE(lines.empty());
  CHECK_THAT(lines.back(), Catch::Contains(" n=19999 "));  // the oldest are dropped, the newest stay
}
