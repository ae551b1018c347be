/**
 * `mailkeep completion SHELL`: a script for the shell. The scripts hold no words: they ask the program, which
 * knows its own commands, and the accounts and mailboxes of the config.
 */
import type { Command } from 'commander';
import { bashReply, readShellLine } from '../core/text/shell-line.js';
import { complete, FILES, namesOf } from './complete.js';
import { EXIT } from './exit-code.js';
import { print, type Verb } from './io.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completion(verb: Verb, shell: Shell): number {
  print(verb, SCRIPTS[shell]);
  return EXIT.ok;
}

export interface ProposalFlags {
  /** readline's COMP_WORDBREAKS; then the one word is the line up to the cursor. */
  readonly breaks?: string;
}

/** What the scripts call, at each press of the key. */
export async function proposals(
  verb: Verb,
  program: Command,
  words: readonly string[],
  flags: ProposalFlags,
): Promise<number> {
  try {
    const found =
      flags.breaks === undefined
        ? await complete(program, words, namesOf(verb))
        : await bashProposals(verb, program, readShellLine(words[0] ?? '', flags.breaks));
    if (found.length > 0) print(verb, found.join('\n'));
  } catch {
    // A shell shows what is said here in the middle of a line.
  }
  return EXIT.ok;
}

async function bashProposals(
  verb: Verb,
  program: Command,
  line: ReturnType<typeof readShellLine>,
): Promise<string[]> {
  // Variables may be set before the command.
  const start = line.words.findIndex((word) => !/^\w+=/.test(word));
  const found = await complete(program, line.words.slice(start + 1), namesOf(verb));
  return found.map((word) => (word === FILES ? word : bashReply(word, line)));
}

const BASH = `# mailkeep completion for bash. Put this into ~/.bashrc:  source <(mailkeep completion bash)
_mailkeep() {
  mapfile -t COMPREPLY < <("$1" __complete --breaks "$COMP_WORDBREAKS" -- "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  if [ "\${COMPREPLY[0]}" = ":files" ]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$2")
  fi
}
complete -F _mailkeep mailkeep`;

const ZSH = `#compdef mailkeep
# mailkeep completion for zsh. Put this into ~/.zshrc after compinit:  source <(mailkeep completion zsh)
_mailkeep() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then _files; return; fi
  found=("\${(@)found:#}")
  (( \${#found} )) && compadd -- "\${found[@]}"
}
compdef _mailkeep mailkeep`;

const FISH = `# mailkeep completion for fish. Put this into ~/.config/fish/completions/mailkeep.fish
function __mailkeep_complete
  set -l words (commandline -opc)
  set -l found (command $words[1] __complete -- $words[2..-1] (commandline -ct | string unescape; or echo) 2>/dev/null)
  if test "$found[1]" = ':files'
    __fish_complete_path (commandline -ct)
  else
    string join \\n -- $found
  end
end
complete -c mailkeep -f -a '(__mailkeep_complete)'`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
