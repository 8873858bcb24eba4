/** On a phone the desk shows one part at a time; these are the tabs. On a wide screen they are not there. */
import { isMoving } from "./progress-track.tsx";
import type { Picture } from "../street.ts";
import { useSpeech } from "../words/language.tsx";

const views = ["meters", "commands", "money"] as const;
export type View = (typeof views)[number];

interface Props {
  readonly view: View;
  readonly choose: (view: View) => void;
  readonly picture: Picture;
}

export function ViewSwitch({ view, choose, picture }: Props) {
  const { words } = useSpeech();
  const moving = [...picture.commands.values()].filter(isMoving).length;
  return (
    <nav className="views" aria-label={words.title}>
      {views.map((one) => (
        <button
          key={one}
          type="button"
          aria-current={one === view ? "page" : undefined}
          onClick={() => choose(one)}
          data-testid={`view-${one}`}
        >
          {words[one]} {one === "commands" && moving > 0 && <b>{moving}</b>}
        </button>
      ))}
    </nav>
  );
}
