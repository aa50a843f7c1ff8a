import { readdirSync, readFileSync } from 'node:fs';

/** One short answer of a corpus. `id` is `<file>/<title as a slug>`. */
export interface Article {
  readonly id: string;
  readonly title: string;
  /** The intent it answers, '' when it names none. */
  readonly intent: string;
  readonly text: string;
}

/** Reads every `.md` file of a folder, in the order of their names. */
export function readArticles(folder: URL): Article[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .flatMap((name) => readArticleFile(new URL(name, folder)));
}

/** Reads one Markdown file: each `## title` begins an article; a line `Intent: name` below it is not part of the text. */
export function readArticleFile(file: URL): Article[] {
  const name = file.pathname.split('/').at(-1)!.replace(/\.md$/, '');
  const [, ...sections] = readFileSync(file, 'utf8').split(/^## /m);
  return sections.map((section) => {
    const [title = '', ...lines] = section.split('\n');
    const intent = lines.find((line) => line.startsWith('Intent: '));
    return {
      id: `${name}/${slug(title)}`,
      title: title.trim(),
      intent: intent?.slice('Intent: '.length).trim() ?? '',
      text: lines
        .filter((line) => line !== intent)
        .join('\n')
        .trim(),
    };
  });
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
