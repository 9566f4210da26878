// Child processes: start one, signal it, collect those that have ended. Each child leads a process group of
// its own, so that Ctrl-C on a terminal reaches us alone and what the child has started can be told to end
// with it; and each is told to end by the kernel when we die, however we die. To be used by one thread only:
// the kernel's promise is bound to the thread that started the child.
#pragma once

#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/config/load.hpp"
#include "daemon/run/supervisor.hpp"

namespace ringside::run {

struct Command {
  std::vector<std::string>
      words;  // the program, looked for in PATH unless it holds a slash, and its arguments
  config::Environment environment;
  int when_we_die = 0;      // the signal that the child gets then
  std::string output = {};  // a file that standard output and error are appended to; empty: ours
};

// Returns the child's id. The error says why it could not be started, as errno: the file that is not there,
// may not be executed, or is no program.
[[nodiscard]] Result<pid_t> start_process(const Command&);
// 127 when there is no such program, 126 when it cannot be executed: as a shell has it.
[[nodiscard]] int code_of(const boost::system::error_code& start_failure);

void signal_process(pid_t child, int number);
void signal_group(pid_t leader, int number);  // the child and what it has started
[[nodiscard]] bool group_lives(pid_t leader);

// Collects every process that has ended: our children, and those that were left to us because their parent
// died (as process 1 of a container, or as their subreaper).
void reap(const std::function<void(pid_t, End)>& ended);

// Blocks these signals, whose arrival a signalfd tells instead; as process 1 too, where one without a handler
// would be lost. Children get the usual ones again. To be called before threads are started.
[[nodiscard]] int take_signals(std::span<const int> numbers);

// The path of the running program, to start it once more.
[[nodiscard]] std::string own_program();

}  // namespace ringside::run
