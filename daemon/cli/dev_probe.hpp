// What `ringside dev` asks its nodes for and tells them, and the requests it loads them with. All wait for
// answers, so each
// has a thread of its own; it gets and gives texts over a socket pair and shares nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/address.hpp"

namespace ringside::cli {

// A thread with a mailbox. The body reads its end until that is closed.
class Helper {
 public:
  explicit Helper(void (*body)(int mailbox));
  ~Helper();  // closes the mailbox and waits for the thread
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  [[nodiscard]] int fd() const { return fd_; }  // can be read when a text has come
  void tell(const std::string&) const;
  [[nodiscard]] std::optional<std::string> hear() const;  // never waits

 private:
  int fd_ = -1;
  std::thread thread_;
};

// One look at a cluster.
struct Sample {
  struct Node {
    std::string checksum;        // of its membership
    std::uint64_t requests = 0;  // from clients, since it was started
  };
  struct Member {
    std::string status, app;
    double share = 0;  // of the ring, 0 to 1
  };
  std::map<int, Node> nodes;              // those that answered, by number
  std::map<std::string, Member> members;  // by name, as another member sees it
  [[nodiscard]] bool agreed() const;      // the nodes that answered have one view
};

// The sampler is told {number: API address}, and answers with a sample.
void run_sampler(int mailbox);
[[nodiscard]] std::string sampler_text(const std::map<int, std::string>& apis);
[[nodiscard]] Sample read_sample(const std::string& text);

// A loader is told the API addresses to send requests to, none to pause; about ten times a second it says how
// many were answered with less than 500, and how many were not.
void run_loader(int mailbox);
struct LoadCount {
  std::uint64_t good = 0, bad = 0;
};
[[nodiscard]] std::string loader_text(const std::vector<std::string>& apis);
[[nodiscard]] LoadCount read_load(const std::string& text);

// The cutter is told the API addresses of all nodes that answer and which of them are one side of a
// partition, and has each lose what goes to the other side. It says what it could not do.
void run_cutter(int mailbox);
[[nodiscard]] std::string cutter_text(const std::map<int, std::string>& apis, const std::set<int>& cut_off);

}  // namespace ringside::cli
