// dev: a cluster in one terminal. The shell around run::DevCluster: processes, keys or lines, the clock and
// the screen. One thread, but for the helpers that wait for answers.
#include "daemon/run/dev.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/dev_screen.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/show.hpp"
#include "daemon/run/plan.hpp"
#include "daemon/run/ports.hpp"
#include "daemon/run/process.hpp"

namespace ringside::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::array signals_heard{SIGCHLD, SIGTERM, SIGINT, SIGHUP};
constexpr Millis sample_period = 1000ms;
constexpr std::size_t loaders = 4;
constexpr std::size_t lines_kept = 6;
constexpr char interrupt_key = 3, escape_key = 27;

// The keys as they are pressed, without echo; everything as before when it goes.
class RawTerminal {
 public:
  RawTerminal() {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) return;
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO | ISIG | IEXTEN));
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (raw_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  [[nodiscard]] bool raw() const { return raw_; }

 private:
  termios before_{};
  bool raw_ = false;
};

// A folder for the logs and the seeds, gone with us.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "ringside-dev-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The processes of one node, and how they are started.
struct Host {
  run::Command daemon, app;
  std::string api, peer;
  std::array<pid_t, 2> pids{};  // by Child; 0: it does not run
  bool ready = false;           // its API has answered since it was started
  std::uint64_t requests = 0;   // at the last sample
};

class Dev {
 public:
  Dev(Terminal& terminal, const Arguments& arguments, const config::Loaded& loaded, int nodes)
      : terminal_(terminal),
        arguments_(arguments),
        dev_(loaded.config.dev),
        cluster_(nodes, loaded.config.drain.timeout),
        signals_(run::take_signals(signals_heard)) {
    for (std::size_t i = 0; i < loaders; ++i) loaders_.push_back(std::make_unique<Helper>(run_loader));
  }
  ~Dev() {
    if (signals_ >= 0) ::close(signals_);
  }
  Dev(const Dev&) = delete;
  Dev& operator=(const Dev&) = delete;

  int run() {
    if (folder_.path().empty())
      return fail(terminal_, failed, "no folder for the logs can be made; set TMPDIR");
    say("the logs of all nodes are in " + folder_.path() + " until the end");
    tell([](run::DevCluster& core, Instant now, run::DevOutbox& out) { core.start(now, out); });
    while (!code_) turn();
    if (keys_.raw()) terminal_.out << "\n" << std::flush;
    return *code_;
  }

 private:
  void turn() {
    std::vector<pollfd> sources{{signals_, POLLIN, 0},
                                {input_open_ ? STDIN_FILENO : -1, POLLIN, 0},
                                {sampler_.fd(), POLLIN, 0},
                                {cutter_.fd(), POLLIN, 0}};
    constexpr std::size_t first_loader = 4;
    for (const auto& loader : loaders_) sources.push_back({loader->fd(), POLLIN, 0});
    const Instant next = std::min(cluster_.next_deadline(), next_sample_);
    const auto wait = std::clamp<Duration>(next - Clock::now(), 0s, 1h);
    ::poll(sources.data(), sources.size(), static_cast<int>(wait / 1ms) + 1);
    if (sources[0].revents != 0) read_signals();
    if (sources[1].revents != 0) read_input();
    if (sources[2].revents != 0) take_sample();
    if (sources[3].revents != 0)
      if (const auto wrong = cutter_.hear()) say("not all is cut as it should be: " + *wrong);
    for (std::size_t i = 0; i < loaders_.size(); ++i)
      if (sources[first_loader + i].revents != 0) take_load(*loaders_[i]);
    if (Clock::now() >= next_sample_) ask_for_sample();
    if (cluster_.next_deadline() <= Clock::now())
      tell([](run::DevCluster& core, Instant now, run::DevOutbox& out) { core.on_deadline(now, out); });
    if (keys_.raw()) draw();
  }

  // --- what comes in

  void read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
      if (static_cast<int>(info.ssi_signo) == SIGCHLD)
        run::reap([this](pid_t pid, run::End end) { on_end(pid, end); });
      else
        order({run::Deed::quit});
    }
  }

  void on_end(pid_t pid, run::End end) {
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      for (const auto child : {run::Child::daemon, run::Child::app}) {
        pid_t& known = hosts_[i].pids[static_cast<std::size_t>(child)];
        if (known != pid) continue;
        if (run::group_lives(pid)) run::signal_group(pid, SIGKILL);  // what the app has started
        known = 0;
        const int node = static_cast<int>(i) + 1;
        if (child == run::Child::daemon) {
          hosts_[i].ready = false;
          cut_known_.erase(node);
        }
        tell([=](run::DevCluster& core, Instant now, run::DevOutbox& out) {
          core.on_ended(now, node, child, end, out);
        });
        return;
      }
  }

  void read_input() {
    std::array<char, 256> bytes{};
    const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (size <= 0) {
      input_open_ = false;
      return order({run::Deed::quit});
    }
    input_.append(bytes.data(), static_cast<std::size_t>(size));
    keys_.raw() ? take_keys() : take_lines();
  }

  void take_lines() {
    for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      if (line.empty()) continue;
      const auto wanted = run::parse_order(line);
      wanted ? order(*wanted) : say(wanted.error());
    }
    if (input_.size() > limits::dev_line_bytes) input_.clear();  // no order is that long
  }

  // An arrow comes as escape, [ and a letter.
  void take_keys() {
    for (std::size_t i = 0; i < input_.size(); ++i) {
      const char key = input_[i];
      if (key == escape_key && input_.compare(i + 1, 1, "[") == 0) {
        if (input_.compare(i + 2, 1, "A") == 0) cluster_.choose(cluster_.chosen() - 1);
        if (input_.compare(i + 2, 1, "B") == 0) cluster_.choose(cluster_.chosen() + 1);
        i += 2;
      } else if (key >= '0' && key <= '9') {
        cluster_.choose(key == '0' ? 10 : key - '0');
      } else if (key == interrupt_key) {
        order({run::Deed::quit});
      } else if (const auto deed = run::deed_of_key(key)) {
        order({*deed});
      }
    }
    input_.clear();
  }

  void order(const run::Order& wanted) {
    tell([&](run::DevCluster& core, Instant now, run::DevOutbox& out) { core.on_order(now, wanted, out); });
    next_sample_ = Clock::now();
  }

  void ask_for_sample() {
    next_sample_ = Clock::now() + sample_period;
    if (!std::exchange(sampling_, true)) sampler_.tell(sampler_text(running_apis()));
    if (cluster_.loading()) tell_loaders();  // who runs may have changed
  }

  void take_sample() {
    const auto text = sampler_.hear();
    if (!text) return;
    sampling_ = false;
    const Instant now = Clock::now();
    sample_ = read_sample(*text);
    const auto took = std::max<std::int64_t>(1, std::chrono::duration_cast<Millis>(now - sampled_).count());
    sampled_ = now;
    requests_.clear();
    for (const auto& [number, node] : sample_.nodes) {
      Host& host = hosts_[static_cast<std::size_t>(number - 1)];
      if (host.pids[0] == 0) continue;
      const std::uint64_t more = node.requests - std::min(node.requests, host.requests);
      requests_[number] = host.ready ? (more * 1000 + 500) / static_cast<std::uint64_t>(took) : 0;
      host.requests = node.requests;
      host.ready = true;
    }
    cut_newcomers();
    load_shown_ = std::exchange(load_, {});
    const std::string now_seen = summary(screen());
    if (!keys_.raw() && !cluster_.quitting() && std::exchange(summary_, now_seen) != now_seen) say(now_seen);
  }

  void take_load(const Helper& loader) {
    while (const auto text = loader.hear()) {
      const LoadCount count = read_load(*text);
      load_.good += count.good;
      load_.bad += count.bad;
    }
  }

  // --- what goes out

  template <class Input>
  void tell(const Input& input) {
    run::DevOutbox out;
    input(cluster_, Clock::now(), out);
    for (const auto& action : out) std::visit([this](const auto& each) { this->perform(each); }, action);
  }

  void perform(const run::StartHalf& start) {
    while (hosts_.size() < static_cast<std::size_t>(start.node)) add_host();
    Host& host = hosts_[static_cast<std::size_t>(start.node - 1)];
    const bool is_daemon = start.child == run::Child::daemon;
    const run::Command& command = is_daemon ? host.daemon : host.app;
    const auto pid = run::start_process(command);
    if (pid) {
      host.pids[static_cast<std::size_t>(start.child)] = *pid;
      return;
    }
    say(command.words.front() + " cannot be started: " + pid.error().message());
    tell([&](run::DevCluster& core, Instant now, run::DevOutbox& out) {
      core.on_ended(now, start.node, start.child, {run::code_of(pid.error()), false}, out);
    });
  }

  void perform(const run::SignalHalf& signal) {
    const pid_t pid =
        hosts_[static_cast<std::size_t>(signal.node - 1)].pids[static_cast<std::size_t>(signal.child)];
    if (pid != 0) run::signal_group(pid, signal.number);
  }

  void perform(const run::Load&) { tell_loaders(); }
  void perform(const run::Partition&) { tell_cutter(); }
  void perform(const run::ShowStatus&) {
    if (keys_.raw()) return;
    for (const std::string& line : table_lines(screen())) terminal_.out << line << "\n";
    terminal_.out << std::flush;
  }
  void perform(const run::Say& words) { say(words.text); }
  void perform(const run::Exit& exit) { code_ = exit.code; }

  void tell_loaders() {
    std::vector<std::string> apis;
    if (cluster_.loading() && !cluster_.quitting())
      for (const auto& [number, api] : running_apis()) apis.push_back(api);
    for (const auto& loader : loaders_) loader->tell(loader_text(apis));
  }

  // Those that have come up by now: of the others, nobody may know the names yet.
  void tell_cutter() {
    std::map<int, std::string> apis;
    for (const auto& [number, api] : running_apis())
      if (hosts_[static_cast<std::size_t>(number - 1)].ready) apis[number] = api;
    for (const auto& [number, api] : apis) cut_known_.insert(number);
    cutter_.tell(cutter_text(apis, cluster_.cut_off()));
  }

  // Who has come up since is on a side too.
  void cut_newcomers() {
    const auto missing = [this](const auto& one) { return !cut_known_.contains(one.first); };
    if (!cluster_.cut_off().empty() && std::ranges::any_of(sample_.nodes, missing)) tell_cutter();
  }

  std::map<int, std::string> running_apis() const {
    std::map<int, std::string> apis;
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      if (cluster_.nodes()[i].state != run::NodeState::stopped && hosts_[i].pids[0] != 0)
        apis[static_cast<int>(i) + 1] = hosts_[i].api;
    return apis;
  }

  void add_host() {
    const int number = static_cast<int>(hosts_.size()) + 1;
    const std::string name = "n" + std::to_string(number);
    std::vector<std::string> flags = arguments_.rest;
    flags.insert(flags.end(), {"--name", name});
    if (!dev_) flags.emplace_back("--dev");
    const auto loaded = config::load(flags, terminal_.environment, config::read_file);
    const run::Ports ports{[this](std::uint16_t port) { return take_port(port); },
                           [this] {
                             std::uint16_t port = 0;
                             do port = run::free_port();
                             while (!take_port(port));
                             return port;
                           }};
    // The flags alone were loaded before; a name more cannot make them wrong.
    auto plan = run::make_plan(
        {flags, *loaded, terminal_.environment, "dev", "", number, folder_.path() + "/seeds"}, ports);
    const std::string log = folder_.path() + "/" + name + ".log";
    Host host{{{run::own_program(), "agent"}, terminal_.environment, SIGKILL, log},
              {arguments_.command, plan->app_environment, SIGKILL, log},
              plan->api,
              plan->peer};
    host.daemon.words.insert(host.daemon.words.end(), plan->daemon_arguments.begin(),
                             plan->daemon_arguments.end());
    if (host.app.words.empty()) host.app.words = {run::own_program(), "echo"};
    hosts_.push_back(std::move(host));
    apis_.push_back(hosts_.back().api);
    std::ofstream seeds(folder_.path() + "/seeds", std::ios::app);
    seeds << hosts_.back().peer << "\n";
  }

  bool take_port(std::uint16_t port) { return run::port_is_free(port) && ports_.insert(port).second; }

  // --- the screen

  [[nodiscard]] DevScreen screen() const { return {cluster_, sample_, apis_, requests_, load_shown_}; }

  void say(const std::string& text) {
    if (!keys_.raw()) {
      terminal_.out << text << "\n" << std::flush;
      return;
    }
    said_.push_back(text);
    if (said_.size() > lines_kept) said_.pop_front();
  }

  void draw() {
    std::vector<std::string> lines{summary(screen()).substr(0, summary(screen()).find(':'))};
    lines[0] += cluster_.loading() ? "; load: " + std::to_string(load_shown_.good) + " good, " +
                                         std::to_string(load_shown_.bad) + " failed a second"
                                   : "";
    const auto rows = table_lines(screen());
    lines.insert(lines.end(), rows.begin(), rows.end());
    lines.emplace_back(run::keys_help());
    lines.insert(lines.end(), said_.begin(), said_.end());
    std::string picture = "\x1b[H";
    for (const std::string& line : lines) picture += line + "\x1b[K\r\n";
    picture += "\x1b[J";
    if (std::exchange(drawn_, picture) != picture)
      terminal_.out << (first_drawn_ ? "\x1b[2J" : "") << picture << std::flush;
    first_drawn_ = false;
  }

  Terminal& terminal_;
  const Arguments& arguments_;
  RawTerminal keys_;
  Folder folder_;
  bool dev_;  // the flags have --dev already
  run::DevCluster cluster_;
  int signals_;  // taken before the helpers' threads begin
  Helper sampler_{run_sampler}, cutter_{run_cutter};
  std::set<int> cut_known_;  // whom the cutter has been told of since they were started
  std::vector<std::unique_ptr<Helper>> loaders_;
  std::vector<Host> hosts_;
  std::vector<std::string> apis_;
  std::set<std::uint16_t> ports_;
  std::string input_;
  bool input_open_ = true;
  Instant next_sample_ = Clock::now(), sampled_ = Clock::now();
  bool sampling_ = false;
  Sample sample_;
  std::map<int, std::uint64_t> requests_;
  LoadCount load_, load_shown_;
  std::string summary_, drawn_;
  std::deque<std::string> said_;
  bool first_drawn_ = true;
  std::optional<int> code_;
};

// What each node has of its own cannot be set for all of them.
std::string own_of_a_node(const config::Loaded& loaded) {
  for (const std::string_view path :
       {"node.name", "listen.api", "listen.peer", "listen.ingress", "listen.tchannel", "advertise",
        "join.seeds", "app.address", "node.data_dir"})
    if (const auto& origin = loaded.origin_of(path); origin.source != config::Source::built_in)
      return std::string(path) + " (" + origin.to_string() +
             ") differs from node to node; leave it out, `ringside dev` sets it";
  return "";
}

}  // namespace

int dev(Terminal& terminal, const Arguments& arguments) {
  // Our image sets it, for the one daemon of a container; here are many, that play and remember nothing.
  std::erase_if(terminal.environment,
                [](const auto& variable) { return variable.first == "RINGSIDE_NODE_DATA_DIR"; });
  const auto loaded = config::load(arguments.rest, terminal.environment, config::read_file);
  if (!loaded) {
    terminal.err << config::render_problems(loaded.error());
    return usage;
  }
  if (const std::string wrong = own_of_a_node(*loaded); !wrong.empty()) return fail(terminal, usage, wrong);
  const auto nodes = parse_integer(arguments.get("--nodes").value_or("3"));
  if (!nodes || *nodes < 1 || *nodes > limits::dev_nodes)
    return fail(terminal, usage, "--nodes is a number from 1 to " + std::to_string(limits::dev_nodes));
  return Dev(terminal, arguments, *loaded, static_cast<int>(*nodes)).run();
}

}  // namespace ringside::cli
