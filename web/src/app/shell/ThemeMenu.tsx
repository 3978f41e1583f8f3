/** Light, dark, or like the system. */
import { setTheme, type Theme, useTheme } from "~/app/theme";
import { IconButton } from "~/ui/button/Button";
import type { IconName } from "~/ui/icon/Icon";
import { Menu } from "~/ui/menu/Menu";
import { words } from "~/words";

const ICONS: Record<Theme, IconName> = { system: "auto", light: "sun", dark: "moon" };

export function ThemeMenu() {
  const theme = useTheme();
  return (
    <Menu
      label={words.shell.theme}
      trigger={<IconButton icon={ICONS[theme]} label={`${words.shell.theme}: ${words.shell.themes[theme]}`} />}
      acts={(Object.keys(ICONS) as Theme[]).map((id) => ({
        id,
        label: words.shell.themes[id],
        icon: ICONS[id],
        chosen: id === theme,
        onAction: () => setTheme(id),
      }))}
    />
  );
}
