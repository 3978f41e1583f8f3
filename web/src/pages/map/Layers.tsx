/** What is drawn, and what the lamps mean: layer switches and the legend, from the tenant's own table of bands. */
import type { Schemas } from "~/api/client";
import { Switch } from "~/ui/choice/Choice";
import type { IconName } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Layers.module.css";

const ICONS: Record<string, IconName> = { cities: "city", homes: "home" };

export function Layers({
  settings,
  on,
  onChange,
}: {
  settings: Schemas["MapSettings"];
  on: readonly string[];
  onChange: (layers: string[]) => void;
}) {
  return (
    <div className={css.layers}>
      <h3>{words.layers.title}</h3>
      {settings.layers.map((layer) => (
        <Switch
          key={layer}
          icon={ICONS[layer] ?? "layers"}
          isSelected={on.includes(layer)}
          onChange={(shown) =>
            onChange(settings.layers.filter((other) => (other === layer ? shown : on.includes(other))))
          }
        >
          {words.layers.name(layer)}
        </Switch>
      ))}
      <h3 id="legend">{words.layers.legend}</h3>
      <ul className={css.legend} aria-labelledby="legend">
        {settings.bands.map((band, at) => (
          <li key={band.colour}>
            <span
              className={css.lamp}
              data-band={band.colour}
              style={{ width: band.size * 0.7, height: band.size * 0.7 }}
            />
            {words.layers.band(at === 0 ? 0 : (settings.bands[at - 1]?.upto ?? 0) + 1, band.upto ?? null)}
          </li>
        ))}
        <li>
          <span className={`${css.dot} ${css.tonight}`} />
          {words.layers.tonight}
        </li>
        <li>
          <span className={css.dot} />
          {words.layers.taken}
        </li>
      </ul>
    </div>
  );
}
