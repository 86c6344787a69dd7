/// The shells for which there is completion.
package enum Shell: String, Sendable, CaseIterable {
  case bash, zsh, fish
}

extension Program {
  /// What a shell reads in order to complete this program's command lines.
  ///
  /// The script asks the program itself, so it fits every later version, too.
  package func completionScript(for shell: Shell) -> String {
    let function = "_" + name.replacing("-", with: "_")
    return switch shell {
    case .bash: bash(function)
    case .zsh: zsh(function)
    case .fish: fish("_" + function)
    }
  }

  private func bash(_ function: String) -> String {
    #"""
    # Completion of \#(name) in bash; load it with: source <(\#(name) completion bash)
    \#(function)() {
      local line
      COMPREPLY=()
      while IFS= read -r line; do
        if [[ $line == :file ]]; then
          compopt -o filenames 2>/dev/null
          while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        else
          COMPREPLY+=("${line%%$'\t'*}")
        fi
      done < <("$1" completion candidates -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    }
    complete -F \#(function) \#(name)

    """#
  }

  private func zsh(_ function: String) -> String {
    #"""
    #compdef \#(name)
    # Completion of \#(name) in zsh; write it to a file _\#(name) in a folder of $fpath, or load it with:
    # source <(\#(name) completion zsh)
    \#(function)() {
      local line files
      local -a found
      for line in "${(@f)$("${words[1]}" completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == :file ]]; then
          files=yes
        elif [[ -n $line ]]; then
          found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        fi
      done
      (( $#found )) && _describe '\#(name)' found
      [[ -n $files ]] && _files
    }
    if [[ ${funcstack[1]} == \#(function) ]]; then \#(function) "$@"; else compdef \#(function) \#(name); fi

    """#
  }

  private func fish(_ function: String) -> String {
    #"""
    # Completion of \#(name) in fish; write it to ~/.config/fish/completions/\#(name).fish
    function \#(function)
      set -l words (commandline -opc)
      set -l current (commandline -ct)
      set -l program $words[1]
      set -e words[1]
      for line in ($program completion candidates -- $words "$current" 2>/dev/null)
        if test "$line" = ":file"
          __fish_complete_path "$current"
        else
          printf '%s\n' $line
        end
      end
    end
    complete -c \#(name) -f -a '(\#(function))'

    """#
  }
}
