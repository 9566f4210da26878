// How instances of one app find each other on one machine without being told: a folder for the app, and in it
// a file for each instance, locked while the instance lives. The number of the file is the instance's slot,
// from which its name and ports follow; who ends leaves the file to the next one. An instance writes its file
// before it reads the others', so of two that start together one at least finds the other.
//
// The lock is an open file description lock (fcntl, OFD): unlike flock it can be asked about without taking
// it for a moment, which could make a third one believe that the slot is held.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/config/load.hpp"

namespace ringside::run {

struct Instance {
  int slot = 0;
  std::string name;
  std::string peer;  // host:port that other members dial; empty: it does not want to be found
  std::string api;
  pid_t pid = 0;
  friend bool operator==(const Instance&, const Instance&) = default;
};

class Slot {
 public:
  // The lowest that is not held, in $XDG_RUNTIME_DIR/ringside/ID, or /tmp/ringside-UID/ID where there is no
  // such folder. Every folder from ringside on is made when it is missing, and has to be ours and closed to
  // others. The error is one sentence.
  [[nodiscard]] static Result<Slot, std::string> take(const config::Environment&, const std::string& app_id);
  Slot(Slot&&) noexcept;
  Slot& operator=(Slot&&) = delete;
  ~Slot();  // lets go

  [[nodiscard]] int number() const { return number_; }
  // Tells the others; `slot` is filled in.
  void announce(Instance);
  // All that live and want to be found, by slot; ourselves too, once announced.
  [[nodiscard]] std::vector<Instance> instances() const;
  // The addresses of these, for the daemon's join.seeds: written anew only when they changed.
  [[nodiscard]] std::string seeds_file() const;
  void write_seeds(const std::vector<Instance>&);

  // A descriptor that can be read when something in the folder changed; -1 where the system cannot watch.
  [[nodiscard]] int watch() const { return watch_; }
  void drain_watch() const;

 private:
  Slot(std::string folder, int number, int file);
  std::string folder_;
  int number_;
  int file_;
  int watch_;
  Instance self_;
  std::string seeds_;
};

}  // namespace ringside::run
