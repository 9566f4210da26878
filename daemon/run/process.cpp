#include "daemon/run/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace ringside::run {
namespace {

boost::system::error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// All that the child needs, made before the fork: between fork and exec no memory is taken.
struct Recipe {
  std::vector<std::string> words, variables;
  std::vector<char*> argv, envp;
  const char* output;
  int when_we_die;
  pid_t parent;

  explicit Recipe(const Command& command)
      : words(command.words),
        output(command.output.empty() ? nullptr : command.output.c_str()),
        when_we_die(command.when_we_die),
        parent(::getpid()) {
    for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
    argv = pointers(words);
    envp = pointers(variables);
  }
};

void usual_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
}

// A child in a group of its own that reads the terminal would be stopped for it; it finds its end instead.
bool take_descriptors(const Recipe& recipe) {
  if (::isatty(STDIN_FILENO) == 1) {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) return false;
  }
  if (recipe.output == nullptr) return true;
  const int file = ::open(recipe.output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return file >= 0 && ::dup2(file, STDOUT_FILENO) >= 0 && ::dup2(file, STDERR_FILENO) >= 0;
}

[[noreturn]] void become(const Recipe& recipe, int report) {
  ::setpgid(0, 0);
  usual_signals();
  ::prctl(PR_SET_PDEATHSIG, recipe.when_we_die);
  if (::getppid() != recipe.parent) ::_exit(code_of(system_error(ECHILD)));  // died before we asked
  if (take_descriptors(recipe)) ::execvpe(recipe.argv[0], recipe.argv.data(), recipe.envp.data());
  const int cause = errno;
  [[maybe_unused]] const auto written = ::write(report, &cause, sizeof cause);
  ::_exit(126);
}

}  // namespace

Result<pid_t> start_process(const Command& command) {
  const Recipe recipe(command);
  std::array<int, 2> report{};  // closed by a successful exec, else it brings errno
  if (::pipe2(report.data(), O_CLOEXEC) != 0) return system_error(errno);
  const pid_t child = ::fork();
  if (child == 0) become(recipe, report[1]);
  const int fork_failure = errno;
  ::close(report[1]);
  if (child < 0) {
    ::close(report[0]);
    return system_error(fork_failure);
  }
  int cause = 0;
  ssize_t size = 0;
  do size = ::read(report[0], &cause, sizeof cause);
  while (size < 0 && errno == EINTR);
  ::close(report[0]);
  if (size != sizeof cause) return child;
  ::waitpid(child, nullptr, 0);
  return system_error(cause);
}

int code_of(const boost::system::error_code& start_failure) {
  return start_failure == system_error(ENOENT) ? 127 : 126;
}

void signal_process(pid_t child, int number) {
  ::kill(child, number);
}

void signal_group(pid_t leader, int number) {
  ::kill(-leader, number);
}

bool group_lives(pid_t leader) {
  return ::kill(-leader, 0) == 0;
}

void reap(const std::function<void(pid_t, End)>& ended) {
  for (;;) {
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, WNOHANG);
    if (child <= 0) return;
    ended(child, {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)});
  }
}

int take_signals(std::span<const int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // the terminal may be gone before us
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

std::string own_program() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string found(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  // Replaced on disk meanwhile (an upgrade): what runs can still be had by this name.
  return ::access(found.c_str(), X_OK) == 0 ? found : "/proc/self/exe";
}

}  // namespace ringside::run
