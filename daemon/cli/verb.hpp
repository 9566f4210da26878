// What a verb is: a row of the table in cli.cpp, a function, and what it may touch. Inside cli/ only.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/cli/cli.hpp"
#include "daemon/config/load.hpp"

namespace ringside::cli {

// The outside, as far as verbs need it; tests put their own in.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  config::Environment environment;  // RINGSIDE_ADDR, and all of it for validate and config
  std::function<Instant()> now;
  std::function<void(Duration)> sleep;
  bool live = false;    // standard error is a terminal, whose last line may be written over
  std::string token{};  // of the API: from --token-file or RINGSIDE_API_TOKEN_FILE; may be empty
};

struct Flag {
  std::string_view name;   // "--points"
  char letter = 0;         // 'n' for -n; 0: none
  std::string_view value;  // what to write behind it, "N"; empty: the flag stands alone
  std::string_view help;
};

struct Arguments {
  std::vector<std::string> words;                               // what is not a flag
  std::vector<std::pair<std::string_view, std::string>> flags;  // by the name in the table, order kept
  std::vector<std::string> rest;     // of a verb that passes on: what is not its own
  std::vector<std::string> command;  // of a verb that starts something: what stands behind --

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;  // the last one wins
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
};

struct Verb {
  std::string_view name;
  std::string_view words;    // "KEY /path"
  std::string_view summary;  // one line
  std::string_view details;  // more for --help; may be empty
  std::span<const Flag> flags;
  std::size_t words_min = 0, words_max = 0;
  bool passes_on = false;  // also takes every flag of `agent`, for the configuration loader
  int (*run)(Terminal&, const Arguments&) = nullptr;
  bool starts = false;  // takes a command behind --
};

int members(Terminal&, const Arguments&);
int lookup(Terminal&, const Arguments&);
int ring(Terminal&, const Arguments&);
int ranges(Terminal&, const Arguments&);
int plan(Terminal&, const Arguments&);
int dist(Terminal&, const Arguments&);
int events(Terminal&, const Arguments&);
int logs(Terminal&, const Arguments&);
int debug(Terminal&, const Arguments&);
int call(Terminal&, const Arguments&);
int route(Terminal&, const Arguments&);
int status(Terminal&, const Arguments&);
int health(Terminal&, const Arguments&);
int wait(Terminal&, const Arguments&);
int top(Terminal&, const Arguments&);
int bench(Terminal&, const Arguments&);
int drain(Terminal&, const Arguments&);
int leave(Terminal&, const Arguments&);
int evict(Terminal&, const Arguments&);
int reap(Terminal&, const Arguments&);
int heal(Terminal&, const Arguments&);
int join(Terminal&, const Arguments&);
int partitions(Terminal&, const Arguments&);
int reload(Terminal&, const Arguments&);
int log_level(Terminal&, const Arguments&);
int labels(Terminal&, const Arguments&);
int weight(Terminal&, const Arguments&);
int simulate(Terminal&, const Arguments&);
int run_with_app(Terminal&, const Arguments&);
int dev(Terminal&, const Arguments&);
int echo(Terminal&, const Arguments&);
int keygen(Terminal&, const Arguments&);
int token(Terminal&, const Arguments&);
int cert(Terminal&, const Arguments&);
int keys(Terminal&, const Arguments&);
int validate(Terminal&, const Arguments&);
int config(Terminal&, const Arguments&);
int completion(Terminal&, const Arguments&);
int version(Terminal&, const Arguments&);

std::span<const Verb> verb_table();  // every verb, in the order of the help

// The same as cli::run with an outside of the caller's.
int run(std::span<const char* const> args, const Handlers&, Terminal&);

// Complains in one line on stderr and returns the code.
int fail(Terminal&, Exit, std::string_view message);

}  // namespace ringside::cli
