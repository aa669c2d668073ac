#include "cli/shell_scripts.h"

namespace eai::cli {
namespace {

constexpr std::string_view k_bash = R"(# bash completion for eai; made by `eai completion bash`.
_eai() {
  local program=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} paths
  mapfile -t COMPREPLY < <("$program" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "${#COMPREPLY[@]}" = 0 ]; then return; fi
  paths=${COMPREPLY[-1]}
  unset 'COMPREPLY[-1]'
  case $current in = | :) current= ;; esac
  case $paths in
    :files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
    :folders) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current") ;;
  esac
  if [ "${#COMPREPLY[@]}" = 1 ] && [ "${COMPREPLY[0]: -1}" = = ]; then compopt -o nospace; fi
} 2>/dev/null
complete -F _eai eai
)";

constexpr std::string_view k_zsh = R"(#compdef eai
# zsh completion for eai; made by `eai completion zsh`.
_eai() {
  local -a lines found shown
  local line word
  lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${(@)lines[1,-2]}"; do
    word=${line%%$'\t'*}
    found+=("$word")
    if [[ $line == *$'\t'* ]]; then shown+=("$word  -- ${line#*$'\t'}"); else shown+=("$word"); fi
  done
  if (( $#found == 1 )) && [[ ${found[1]} == *= ]]; then
    compadd -S '' -a found
  elif (( $#found )); then
    compadd -l -d shown -a found
  fi
  case ${lines[-1]} in
    :files) [[ -prefix *= ]] && compset -P '*='; _files ;;
    :folders) [[ -prefix *= ]] && compset -P '*='; _files -/ ;;
  esac
}
if [ "$funcstack[1]" = _eai ]; then _eai "$@"; else compdef _eai eai; fi
)";

constexpr std::string_view k_fish = R"(# fish completion for eai; made by `eai completion fish`.
function __eai_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $typed[1])
    set -e typed[1]
    set -l lines ($program __complete fish $typed "$current" 2>/dev/null)
    if test (count $lines) = 0
        return
    end
    set -l paths $lines[-1]
    set -e lines[-1]
    if test (count $lines) -gt 0
        printf '%s\n' $lines
    end
    switch $paths
        case ':files'
            __fish_complete_path $current
        case ':folders'
            __fish_complete_directories $current
    end
end
complete -c eai -f -a '(__eai_complete)'
)";

}  // namespace

std::optional<std::string_view> completion_script(std::string_view shell) {
  if (shell == "bash") return k_bash;
  if (shell == "zsh") return k_zsh;
  if (shell == "fish") return k_fish;
  return std::nullopt;
}

}  // namespace eai::cli
