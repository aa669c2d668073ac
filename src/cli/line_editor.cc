#include "cli/line_editor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <histedit.h>
#include <termios.h>
#include <unistd.h>

#include "util/bytes.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::wstring_view k_paste_end = L"\033[201~";
constexpr std::size_t k_large_paste = 2000;  // bytes; beyond, or with many lines, it stands in the line as a word
constexpr std::ptrdiff_t k_many_lines = 12;
constexpr std::size_t k_paste_limit = 8 * k_mib;
constexpr std::size_t k_shown_words = 60;
constexpr std::size_t k_longest_remembered = 8 * k_kib;  // a longer line would fill the screen when it comes back

void append_utf8(std::string& out, char32_t code) {
  const auto byte = [&](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | (code >> 18 & 7));
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

// wchar_t is UTF-32 here and on macOS.
std::string narrow(std::wstring_view text) {
  std::string out;
  for (const wchar_t letter : text) append_utf8(out, static_cast<char32_t>(letter));
  return out;
}

std::wstring wide(std::string_view text) {
  std::wstring out;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    out += letter.is_utf8 ? static_cast<wchar_t>(letter.code) : L'?';
    text.remove_prefix(letter.length);
  }
  return out;
}

// libedit reads and measures letters by the locale.
void use_utf8() {
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

extern "C" void eai_on_signal_in_line(int) {}

}  // namespace

std::string common_beginning(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  std::string out = words.front();
  for (const std::string& word : words) {
    const auto differ = std::ranges::mismatch(out, word);
    out.erase(differ.in1, out.end());
  }
  while (!out.empty() && !is_valid_utf8(out)) out.pop_back();
  return out;
}

std::string clean_paste(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool return_alone = byte == '\r' && !text.substr(i + 1).starts_with('\n');
    if (return_alone) out += '\n';
    if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f)) out += text[i];
  }
  return out;
}

struct LineEditor::State {
  Complete complete;
  EditLine* edit = nullptr;
  HistoryW* history = nullptr;
  std::wstring prompt;
  bool interrupted = false;
  std::vector<std::pair<std::string, std::string>> pastes;  // the word in the line, and what it stands for

  ~State() {
    if (edit != nullptr) ::el_end(edit);
    if (history != nullptr) ::history_wend(history);
  }

  static State& of(EditLine* edit) {
    void* data = nullptr;
    ::el_wget(edit, EL_CLIENTDATA, &data);
    return *static_cast<State*>(data);
  }

  // libedit asks for it whenever it draws the line, and so after it has set up the terminal, at the beginning and after a
  // stop. Ctrl-C is a key then: libedit takes over what key it is from the terminal and would end the program.
  static wchar_t* prompt_of(EditLine* edit) {
    struct termios terminal {};
    const bool known = ::tcgetattr(STDIN_FILENO, &terminal) == 0;
    if (known && (terminal.c_lflag & ICANON) == 0 && terminal.c_cc[VINTR] != _POSIX_VDISABLE) {
      terminal.c_cc[VINTR] = _POSIX_VDISABLE;
      ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    }
    return of(edit).prompt.data();
  }

  static unsigned char on_interrupt(EditLine* edit, wint_t) {
    of(edit).interrupted = true;
    ::el_wpush(edit, L"\r");  // Enter goes below the line first
    return CC_NORM;
  }

  static unsigned char on_newline(EditLine* edit, wint_t) {
    return ::el_winsertstr(edit, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
  }

  // Up, in a text of several lines; from its first line, to the line typed before.
  static unsigned char on_up(EditLine* edit, wint_t) {
    const LineInfoW* line = ::el_wline(edit);
    const std::wstring_view before(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
    const std::size_t start = before.rfind(L'\n');
    if (start == std::wstring_view::npos) {
      ::el_wpush(edit, L"\x10");
      return CC_NORM;
    }
    const std::size_t column = before.size() - start - 1, above = before.substr(0, start).rfind(L'\n') + 1;
    const std::size_t to = std::min(above + column, start);
    ::el_cursor(edit, static_cast<int>(to) - static_cast<int>(before.size()));
    return CC_CURSOR;
  }

  static unsigned char on_down(EditLine* edit, wint_t) {
    const LineInfoW* line = ::el_wline(edit);
    const std::wstring_view all(line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer));
    const auto cursor = static_cast<std::size_t>(line->cursor - line->buffer);
    const std::size_t end = all.find(L'\n', cursor);
    if (end == std::wstring_view::npos) {
      ::el_wpush(edit, L"\x0e");
      return CC_NORM;
    }
    const std::size_t column = cursor - (all.substr(0, cursor).rfind(L'\n') + 1);
    const std::size_t to = std::min({end + 1 + column, all.find(L'\n', end + 1), all.size()});
    ::el_cursor(edit, static_cast<int>(to - cursor));
    return CC_CURSOR;
  }

  static unsigned char on_paste(EditLine* edit, wint_t) {
    std::wstring text;
    wchar_t letter = 0;
    while (!text.ends_with(k_paste_end)) {
      if (::el_wgetc(edit, &letter) != 1) return CC_EOF;
      if (text.size() < k_paste_limit) text += letter;
    }
    text.resize(text.size() - k_paste_end.size());
    const std::string word = of(edit).word_for(clean_paste(narrow(text)));
    return ::el_winsertstr(edit, wide(word).c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }

  std::string word_for(std::string pasted) {
    const auto lines = std::ranges::count(pasted, '\n') + 1;
    if (pasted.size() <= k_large_paste && lines <= k_many_lines) return pasted;
    std::string word = "[paste " + std::to_string(pastes.size() + 1) + ": " + human_bytes(pasted.size()) + "]";
    pastes.emplace_back(word, std::move(pasted));
    return word;
  }

  static unsigned char on_complete(EditLine* edit, wint_t) {
    const LineInfoW* line = ::el_wline(edit);
    const std::string before =
        narrow(std::wstring_view(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)));
    const Completion found = of(edit).complete(before);
    if (found.words.empty()) return CC_NORM;
    std::string put = common_beginning(found.words);
    const std::string typed = before.substr(found.begin);
    if (found.words.size() == 1 && !put.ends_with('/')) put += ' ';
    if (put.size() > typed.size()) {
      ::el_deletestr(edit, static_cast<int>(wide(typed).size()));
      return ::el_winsertstr(edit, wide(put).c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    if (found.words.size() == 1) return CC_NORM;
    std::fputs("\n", stdout);
    for (std::size_t i = 0; i < std::min(found.words.size(), k_shown_words); ++i)
      std::fprintf(stdout, "%s%s", i == 0 ? "" : "  ", shown(found.words[i]).c_str());
    std::fputs(found.words.size() > k_shown_words ? "  …\n" : "\n", stdout);
    return CC_REDISPLAY;
  }

  void bind(const char* key, const char* function) const { ::el_set(edit, EL_BIND, key, function, nullptr); }
  void begin();
  Typed read_edited();
  Typed read_plain() const;
};

void LineEditor::State::begin() {
  use_utf8();
  edit = ::el_init("eai", stdin, stdout, stderr);
  if (edit == nullptr) return;
  history = ::history_winit();
  HistEventW event{};
  ::history_w(history, &event, H_SETSIZE, 1000);
  ::history_w(history, &event, H_SETUNIQUE, 1);
  ::el_wset(edit, EL_CLIENTDATA, this);
  ::el_wset(edit, EL_PROMPT_ESC, &State::prompt_of, L'\1');
  ::el_wset(edit, EL_EDITOR, L"emacs");
  ::el_wset(edit, EL_SIGNAL, 1);
  ::el_wset(edit, EL_HIST, history_w, history);
  ::el_wset(edit, EL_ADDFN, L"eai-interrupt", L"End the line", &State::on_interrupt);
  ::el_wset(edit, EL_ADDFN, L"eai-newline", L"Begin a new line", &State::on_newline);
  ::el_wset(edit, EL_ADDFN, L"eai-up", L"Go up", &State::on_up);
  ::el_wset(edit, EL_ADDFN, L"eai-down", L"Go down", &State::on_down);
  ::el_wset(edit, EL_ADDFN, L"eai-paste", L"Take a paste", &State::on_paste);
  ::el_wset(edit, EL_ADDFN, L"eai-complete", L"Complete a word", &State::on_complete);
  // While a line is typed, Enter and Ctrl-J are two keys.
  ::el_set(edit, EL_SETTY, "-d", "-icrnl", "-inlcr", nullptr);
  constexpr std::array<std::pair<const char*, const char*>, 18> k_keys = {{{"^C", "eai-interrupt"},
                                                                           {"^M", "ed-newline"},
                                                                           {"^J", "eai-newline"},
                                                                           {"\\e^M", "eai-newline"},
                                                                           {"^I", "eai-complete"},
                                                                           {"\\e[200~", "eai-paste"},
                                                                           {"\\e[A", "eai-up"},
                                                                           {"\\eOA", "eai-up"},
                                                                           {"\\e[B", "eai-down"},
                                                                           {"\\eOB", "eai-down"},
                                                                           {"\\e[H", "ed-move-to-beg"},
                                                                           {"\\e[F", "ed-move-to-end"},
                                                                           {"\\e[3~", "ed-delete-next-char"},
                                                                           {"\\e[1;5C", "em-next-word"},
                                                                           {"\\e[1;5D", "ed-prev-word"},
                                                                           {"^R", "em-inc-search-prev"},
                                                                           {"^W", "ed-delete-prev-word"},
                                                                           {"^U", "vi-kill-line-prev"}}};
  for (const auto& [key, function] : k_keys) bind(key, function);
}

LineEditor::Typed LineEditor::State::read_edited() {
  interrupted = false;
  pastes.clear();
  ::el_set(edit, EL_PREP_TERM, 1);  // before the prompt is drawn
  ::el_resize(edit);
  int count = 0;
  const wchar_t* line = ::el_wgets(edit, &count);
  std::fputs("\033[?2004l", stdout);
  std::fflush(stdout);
  if (line == nullptr || count <= 0) return {interrupted ? Ended::interrupted : Ended::end, {}};
  std::string text = narrow(std::wstring_view(line, static_cast<std::size_t>(count)));
  if (text.ends_with('\n')) text.pop_back();
  for (const auto& [word, pasted] : pastes) {
    if (const std::size_t at = text.find(word); at != std::string::npos) text.replace(at, word.size(), pasted);
  }
  return {interrupted ? Ended::interrupted : Ended::line, std::move(text)};
}

LineEditor::Typed LineEditor::State::read_plain() const {
  std::fputs(narrow(prompt).c_str(), stdout);
  std::fflush(stdout);
  struct sigaction action {
  }, before{};
  action.sa_handler = eai_on_signal_in_line;  // without SA_RESTART, so that the read ends
  ::sigaction(SIGINT, &action, &before);
  Typed out{Ended::line, {}};
  for (char byte = 0; byte != '\n';) {
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n == 1 && byte != '\n') out.text += byte;
    if (n == 1) continue;
    out.how = n < 0 && errno == EINTR ? Ended::interrupted : out.text.empty() ? Ended::end : Ended::line;
    break;
  }
  ::sigaction(SIGINT, &before, nullptr);
  return out;
}

LineEditor::LineEditor(Kind kind, Complete complete) : state_(std::make_unique<State>()) {
  state_->complete = std::move(complete);
  if (kind == Kind::editing) state_->begin();
}

LineEditor::~LineEditor() = default;

LineEditor::Typed LineEditor::read(std::string_view prompt) {
  // libedit writes what stands between two \1 without counting it, whenever it draws the line: after a stop, too.
  state_->prompt = state_->edit != nullptr ? L"\1\033[?2004h\1" + wide(prompt) : wide(prompt);
  return state_->edit != nullptr ? state_->read_edited() : state_->read_plain();
}

void LineEditor::remember(const std::string& line) {
  if (state_->history == nullptr || line.empty() || line.size() > k_longest_remembered) return;
  HistEventW event{};
  ::history_w(state_->history, &event, H_ENTER, wide(line).c_str());
}

}  // namespace eai::cli
