// Keeps the list of seeds fresh: looks them up at start, every join.refresh after that (sooner while none
// of them gives an address) and when a file of seeds was written, says once what is wrong with each, and
// hands the addresses to whoever joins; with them some of those that a file remembers (members_keeper.hpp),
// others each time. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/rng.hpp"
#include "daemon/net/file_watch.hpp"
#include "daemon/net/resolve.hpp"

namespace ringside::control {

class SeedKeeper {
 public:
  // `found` gets every address but our own: after the first look-up whatever came of it, later only when
  // there are any.
  using Found = std::function<void(const std::vector<std::string>&)>;
  SeedKeeper(boost::asio::io_context&, std::vector<std::string> seeds, std::vector<std::string> remembered,
             Rng rng, std::string self, Duration refresh, Found found);

  // `found` is called from here without seeds, and with those remembered: names may take their time.
  void start();
  [[nodiscard]] bool looked_up() const { return looked_up_; }
  // The seeds have led to an address at least once, be it our own.
  [[nodiscard]] bool names_somebody() const { return names_somebody_; }
  // Looks the seeds up now, beside the schedule: a file is read again, names are resolved again.
  void ask(Found answer);
  // This file in place of those among the seeds, from now on, if it can be used. Else, or when no seed is a
  // file, everything stays as it is and the error says why in one sentence.
  void reload(const std::string& file, std::function<void(const std::string& error)> done);

 private:
  void watch();
  void look_up();
  void on_resolved(const net::Resolved&);
  void complain(const net::Resolved&);
  void answer_askers();
  [[nodiscard]] std::vector<std::string> others(const net::Resolved&) const;
  void add_remembered(std::vector<std::string>& addresses);

  boost::asio::io_context& io_;
  std::vector<std::string> seeds_;
  std::vector<std::string> remembered_;
  Rng rng_;
  std::string self_;
  Duration refresh_;
  Found found_;
  std::optional<net::FileWatch> watch_;
  net::SeedResolver resolver_;
  // Of ask(), so that it and the schedule do not give up each other's round.
  net::SeedResolver asked_resolver_;
  net::SeedResolver reload_resolver_;
  bool reloading_ = false;
  std::vector<Found> askers_;
  bool answering_ = false;
  boost::asio::steady_timer timer_;
  Duration retry_;
  bool looked_up_ = false, names_somebody_ = false;
  std::map<std::string, std::string> complaints_;  // seed -> what was said of it
};

}  // namespace ringside::control
