// Keeps the file of known members in node.data_dir: reads it once at the start, and writes it a second after
// the members have changed. A file that cannot be used never keeps a member from starting: it is set aside,
// or left alone, with a warning. A write goes to a new file, to the disk, and then takes the place of the old
// one, so that there is always a whole one. Control thread; the disk is written on a thread of its own, for a
// slow disk must not make others suspect us.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::control {

class MembersKeeper {
 public:
  // `folder`: there already, and this member's alone; empty: nothing is kept.
  MembersKeeper(boost::asio::io_context&, const std::string& folder, std::string cluster,
                obs::ControlMetrics&);
  ~MembersKeeper();  // what has changed is written first
  MembersKeeper(const MembersKeeper&) = delete;
  MembersKeeper& operator=(const MembersKeeper&) = delete;

  [[nodiscard]] bool keeps() const { return disk_.has_value(); }
  // What the file held at the start.
  [[nodiscard]] const std::vector<std::string>& remembered() const { return remembered_; }
  // The other members now, in order. Nobody is no news: who has found none yet keeps what it remembers.
  void keep(std::vector<std::string> addresses);

 private:
  void read();
  void set_aside(const std::string& cause);
  void write();
  void write_after(Duration pause);
  void on_written(const std::string& error);
  void complain(const std::string& error);

  boost::asio::io_context& io_;
  std::string path_, cluster_;
  obs::ControlMetrics& metrics_;
  std::vector<std::string> remembered_;
  std::vector<std::string> addresses_;  // in the file, or to be
  bool dirty_ = false;                  // they are not in it yet, and a timer runs
  std::string complaint_;               // the last one, said once
  boost::asio::steady_timer timer_;
  std::optional<boost::asio::thread_pool> disk_;  // one thread; none when nothing is kept
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ringside::control
