// What long work shows while it runs, on standard error: on a terminal one line that is written over, else a
// line for each change, so that a log does not fill.
#pragma once

#include <string>
#include <string_view>

#include "daemon/cli/verb.hpp"

namespace ringside::cli {

class Progress {
 public:
  explicit Progress(Terminal& terminal) : terminal_(terminal) {}

  // `text` is what counts as a change; `aside` (the time left) does not.
  void show(const std::string& text, std::string_view aside) {
    if (terminal_.live) {
      write_over(text + ", " + std::string(aside));
    } else if (text != shown_) {
      terminal_.err << text << ", " << aside << "\n" << std::flush;
    }
    shown_ = text;
  }

  // The last line; empty: only what is on the terminal is ended.
  void done(const std::string& text) {
    if (terminal_.live && !text.empty()) write_over(text);
    if (!terminal_.live && !text.empty()) terminal_.err << text;
    if ((terminal_.live && width_ > 0) || !text.empty()) terminal_.err << "\n" << std::flush;
  }

 private:
  void write_over(const std::string& line) {
    terminal_.err << "\r" << line << std::string(width_ > line.size() ? width_ - line.size() : 0, ' ')
                  << std::flush;
    width_ = line.size();
  }

  Terminal& terminal_;
  std::string shown_;
  std::size_t width_ = 0;  // of the line on the terminal
};

}  // namespace ringside::cli
