/**
 * Completion scripts for three shells. They are static, so that a key press starts no Node: commands and flags are
 * written into them, and builder names come from a file of the cache.
 */

export interface CompletedCommand {
  name: string;
  summary: string;
  /** What may come after it. */
  words: readonly string[];
  flags: readonly { name: string; char: string | null; takesValue: boolean; help: string }[];
}

export type Shell = 'bash' | 'zsh' | 'fish';

/** The script; `builderFile` holds a builder's name per line, if it is there. */
export function completionScript(
  shell: Shell,
  commands: readonly CompletedCommand[],
  builderFile: string,
): string {
  switch (shell) {
    case 'bash':
      return bash(commands, builderFile);
    case 'zsh':
      return zsh(commands, builderFile);
    case 'fish':
      return fish(commands, builderFile);
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function words(command: CompletedCommand): string {
  return command.flags
    .flatMap(({ name, char }) => [`--${name}`, ...(char === null ? [] : [`-${char}`])])
    .join(' ');
}

function bash(commands: readonly CompletedCommand[], builderFile: string): string {
  const cases = commands.map(
    (command) =>
      `    ${command.name}) flags=${quote(words(command))} words=${quote(command.words.join(' '))} ;;`,
  );
  return `# bash completion for buildbot
_buildbot() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} flags='' words=''
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=( $(compgen -W ${quote(commands.map(({ name }) => name).join(' '))} -- "$cur") )
    return
  fi
  if [[ $prev == --builder || $prev == -b ]]; then
    # Read line by line: compgen -W would expand a name like a word of the script and run what is in it.
    local name
    [[ -r ${quote(builderFile)} ]] && while IFS= read -r name || [[ -n $name ]]; do
      [[ -n $name && $name == "$cur"* ]] && COMPREPLY+=( "$name" )
    done <${quote(builderFile)}
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=( $(compgen -W "$flags" -- "$cur") ); return; fi
  COMPREPLY=( $(compgen -W "$words" -- "$cur") )
  (( \${#COMPREPLY[@]} )) || COMPREPLY=( $(compgen -f -- "$cur") )
}
complete -o filenames -F _buildbot buildbot
`;
}

function zsh(commands: readonly CompletedCommand[], builderFile: string): string {
  const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', ' ')}`)}`);
  const cases = commands.map(
    (command) =>
      `    ${command.name}) _arguments -s ${command.flags.flatMap(zshFlags).join(' ')} '*:file:_files' ;;`,
  );
  return `#compdef buildbot
_buildbot_builders() {
  local -a names
  [[ -r ${quote(builderFile)} ]] && names=( \${(f)"$(<${quote(builderFile)})"} )
  compadd -a names
}
_buildbot() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
# Found through fpath it is run as the function itself; sourced, it has to say what it completes.
if [[ \${funcstack[1]} == _buildbot ]]; then
  _buildbot "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
  compdef _buildbot buildbot
fi
`;
}

function zshFlags({ name, char, takesValue, help }: CompletedCommand['flags'][number]): string[] {
  const text = help.replace(/[[\]:\\]/g, ' ');
  const value = !takesValue ? '' : name === 'builder' ? ':builder:_buildbot_builders' : `:${name}:_files`;
  const spellings = char === null ? [`--${name}`] : [`--${name}`, `-${char}`];
  // The star lets it be given again.
  return spellings.map((spelling) => quote(`*${spelling}[${text}]${value}`));
}

/** In single quotes fish knows a backslash before a quote or another backslash. */
function fishQuote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}

function fish(commands: readonly CompletedCommand[], builderFile: string): string {
  const names = commands.map(({ name }) => name).join(' ');
  const first = fishQuote(`not __fish_seen_subcommand_from ${names}`);
  const lines = commands.flatMap(({ name, summary, words: next, flags }) => [
    `complete -c buildbot -n ${first} -f -a ${name} -d ${fishQuote(summary)}`,
    ...(next.length === 0
      ? []
      : [
          `complete -c buildbot -n ${fishQuote(`__fish_seen_subcommand_from ${name}`)} -f -a ${fishQuote(next.join(' '))}`,
        ]),
    ...flags.map((flag) => {
      const values = flag.name === 'builder' ? " -f -a '(__buildbot_builders)'" : '';
      const char = flag.char === null ? '' : ` -s ${flag.char}`;
      const value = flag.takesValue ? ' -r' : '';
      const after = fishQuote(`__fish_seen_subcommand_from ${name}`);
      return `complete -c buildbot -n ${after} -l ${flag.name}${char}${value}${values} -d ${fishQuote(flag.help)}`;
    }),
  ]);
  return `# fish completion for buildbot
function __buildbot_builders
  test -r ${fishQuote(builderFile)}; and cat ${fishQuote(builderFile)}
end
${lines.join('\n')}
`;
}
